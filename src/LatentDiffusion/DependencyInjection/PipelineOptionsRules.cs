using System.Globalization;
using Microsoft.Extensions.Options;

namespace LatentDiffusion;

/// <summary>Validates the options of one registered pipeline, and the device that its builder was given.</summary>
internal sealed class PipelineOptionsRules(PipelineRegistration registration) : IValidateOptions<DiffusionPipelineOptions>
{
    public ValidateOptionsResult Validate(string? name, DiffusionPipelineOptions options)
    {
        if (name != registration.Name) return ValidateOptionsResult.Skip;
        var invalid = ValidOptions.Errors(options).Select(e => WithValue(e.ErrorMessage!, e.MemberNames, options));
        List<string> errors = [.. invalid, .. UnitsMissing()];
        if (registration.Builder.Specification.Device is { } device && DeviceAvailability.Problem(device) is { } problem)
            errors.Add(problem);
        return registration.Outcome(errors);
    }

    // .NET's own messages state the range and not the value.
    private static string WithValue(string message, IEnumerable<string> members, DiffusionPipelineOptions options)
    {
        if (!message.StartsWith("The field ", StringComparison.Ordinal) || members.FirstOrDefault() is not { } member) return message;
        object? value = typeof(DiffusionPipelineOptions).GetProperty(member)?.GetValue(options);
        return value is IFormattable number ? $"{member} is {number.ToString(null, CultureInfo.InvariantCulture)}. {message}" : message;
    }

    /// <summary>A number without colons would be read as days.</summary>
    private IEnumerable<string> UnitsMissing()
    {
        const string Name = nameof(DiffusionPipelineOptions.TimeLimit);
        if (registration.Section?[Name] is { Length: > 0 } text && !text.Contains(':'))
            yield return $"{Name} is '{MessageText.Truncate(text, 100)}'; expected hours:minutes:seconds, for example 00:05:00.";
    }
}
