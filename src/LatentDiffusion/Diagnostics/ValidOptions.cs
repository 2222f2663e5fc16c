using System.ComponentModel.DataAnnotations;
using System.Diagnostics.CodeAnalysis;

namespace LatentDiffusion.Diagnostics;

/// <summary>Checks options against the ranges in their attributes.</summary>
internal static class ValidOptions
{
    private const string Kept = "The annotation of the type keeps its properties.";

    /// <summary>Checks each value against its range.</summary>
    /// <exception cref="ValidationException">A value is out of its range; the message names it.</exception>
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = Kept)]
    public static T Check<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicProperties)] T>(T options) where T : class
    {
        ArgumentNullException.ThrowIfNull(options);
        Validator.ValidateObject(options, new ValidationContext(options), validateAllProperties: true);
        return options;
    }

    /// <summary>What is wrong with the values; empty if nothing is.</summary>
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = Kept)]
    public static IReadOnlyList<ValidationResult> Errors<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicProperties)] T>(
        T options) where T : class
    {
        List<ValidationResult> results = [];
        Validator.TryValidateObject(options, new ValidationContext(options), results, validateAllProperties: true);
        return results;
    }
}
