using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Guidance;

/// <summary>The check that options of guidance go through.</summary>
internal static class GuidanceOptions
{
    /// <summary>The options themselves.</summary>
    /// <exception cref="ValidationException">One is out of its range; the message names it.</exception>
    public static T Checked<T>(T options) where T : notnull
    {
        Validator.ValidateObject(options, new ValidationContext(options), validateAllProperties: true);
        return options;
    }
}
