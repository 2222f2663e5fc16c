using System.Collections;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text.Json;

namespace FineTune;

/// <summary>Checks every value of the settings against its range, and names it as in the configuration file.</summary>
internal static class SettingsRanges
{
    /// <exception cref="ArgumentException">A value is out of its range; the message names it.</exception>
    public static void Check(object settings, string prefix = "")
    {
        foreach (PropertyInfo property in settings.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            if (property.GetIndexParameters().Length > 0) continue;
            object? value = property.GetValue(settings);
            string name = prefix + JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name);
            foreach (ValidationAttribute rule in property.GetCustomAttributes<ValidationAttribute>())
            {
                if (!rule.IsValid(value))
                    throw new ArgumentException($"{name} is {Text(value)}; {Expected(rule, name)}");
            }

            if (value is not null && IsSection(property.PropertyType)) Check(value, name + ".");
        }

        if (settings is not IValidatableObject together) return;
        foreach (ValidationResult problem in together.Validate(new ValidationContext(settings)))
            if (problem != ValidationResult.Success) throw new ArgumentException($"{prefix.TrimEnd('.')}: {problem.ErrorMessage}");
    }

    private static bool IsSection(Type type) => type.IsClass && type != typeof(string) && !typeof(IEnumerable).IsAssignableFrom(type)
        && type.Namespace is { } place && (place == nameof(FineTune) || place.StartsWith("LatentDiffusion", StringComparison.Ordinal));

    private static string Expected(ValidationAttribute rule, string name)
    {
        if (rule is not RangeAttribute range) return rule.FormatErrorMessage(name);
        string least = range.MinimumIsExclusive ? "more than" : "at least", most = range.MaximumIsExclusive ? "less than" : "at most";
        string end = IsHuge(range.Maximum) ? "" : string.Create(CultureInfo.InvariantCulture, $" and {most} {range.Maximum}");
        return string.Create(CultureInfo.InvariantCulture, $"expected {least} {range.Minimum}{end}.");
    }

    private static bool IsHuge(object maximum) => maximum is double.MaxValue or long.MaxValue or int.MaxValue;

    private static string Text(object? value) => value switch
    {
        null => "null",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        ICollection { Count: 0 } => "empty",
        _ => $"'{value}'",
    };
}
