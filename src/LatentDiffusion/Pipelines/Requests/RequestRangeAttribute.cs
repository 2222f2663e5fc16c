using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion;

/// <summary>Requires that a property is null or in the range of a request's setting.</summary>
/// <param name="setting">
/// Name of the setting, for example <c>nameof(GenerationRequest.Steps)</c>. The property has the setting's type.
/// </param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class RequestRangeAttribute(string setting) : ValidationAttribute
{
    /// <inheritdoc />
    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext)
    {
        RequestSetting row = RequestSettings.All.Single(s => s.Name == setting);
        if (value is null || row.Allows(value)) return ValidationResult.Success;
        string name = validationContext.MemberName ?? validationContext.DisplayName;
        return new ValidationResult(FormattableString.Invariant($"{name} is {value}; expected {row.Expected}."), [name]);
    }
}
