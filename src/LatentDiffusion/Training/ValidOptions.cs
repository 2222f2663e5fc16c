using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Training;

/// <summary>Options whose values were checked.</summary>
internal static class ValidOptions
{
    /// <summary>Checks each value against its range.</summary>
    /// <exception cref="ValidationException">A value is out of its range; the message names it.</exception>
    public static T Check<T>(T options) where T : class
    {
        ArgumentNullException.ThrowIfNull(options);
        Validator.ValidateObject(options, new ValidationContext(options), validateAllProperties: true);
        return options;
    }
}
