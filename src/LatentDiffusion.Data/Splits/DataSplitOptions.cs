using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Data;

/// <summary>How <see cref="DataSplit"/> divides; what is left is for training.</summary>
public sealed record DataSplitOptions : IValidatableObject
{
    /// <summary>Share for validation, in [0, 1). Default 0.05.</summary>
    [Range(0.0, 1.0, MaximumIsExclusive = true)]
    public double Validation { get; init; } = 0.05;

    /// <summary>Share for testing, in [0, 1). Default 0.05.</summary>
    [Range(0.0, 1.0, MaximumIsExclusive = true)]
    public double Test { get; init; } = 0.05;

    /// <summary>Another seed gives another split. Default 0.</summary>
    public ulong Seed { get; init; }

    /// <inheritdoc />
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!(Validation + Test < 1))
            yield return new ValidationResult($"{Validation} for validation and {Test} for testing leave nothing for training.", [nameof(Validation), nameof(Test)]);
    }
}
