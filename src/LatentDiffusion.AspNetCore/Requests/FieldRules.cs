namespace LatentDiffusion.AspNetCore.Requests;

/// <summary>Refuses values that fields may not have. The errors name the field and what was expected.</summary>
internal static class FieldRules
{
    /// <exception cref="RequestException">The value is out of its range.</exception>
    public static void Range(string field, int? value, int minimum, int maximum)
    {
        if (value is { } given && (given < minimum || given > maximum))
            throw RequestErrors.Invalid($"{field} is {given}; expected from {minimum} to {maximum}.", field);
    }

    /// <exception cref="RequestException">The value is not one of the choices.</exception>
    public static void Choice(string field, string? value, params IEnumerable<string> choices)
    {
        if (value is not null && !choices.Contains(value))
        {
            throw RequestErrors.Invalid(
                $"{field} is '{MessageText.Truncate(value, 50)}'; expected one of {string.Join(", ", choices)}.", field);
        }
    }

    /// <exception cref="RequestException">The text is too long.</exception>
    public static void Length(string field, string? text, int maximum)
    {
        if (text?.Length > maximum)
        {
            throw RequestErrors.Invalid(
                $"{field} has {text.Length} characters; expected at most {maximum}.", field, "string_above_max_length");
        }
    }
}
