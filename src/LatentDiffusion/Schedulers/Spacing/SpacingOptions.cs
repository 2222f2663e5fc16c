namespace LatentDiffusion.Schedulers;

/// <summary>Reads where sampling timesteps are placed.</summary>
internal static class SpacingOptions
{
    /// <summary>Reads <c>timestep_spacing</c> and <c>steps_offset</c>.</summary>
    public static TimestepSpacing Read(OptionReader options, int trainingTimesteps, string byDefault = TimestepSpacing.Linspace) => new(
        options.Choice("timestep_spacing", byDefault, [TimestepSpacing.Linspace, TimestepSpacing.Leading, TimestepSpacing.Trailing]),
        trainingTimesteps,
        options.Int("steps_offset", 0, min: 0));
}
