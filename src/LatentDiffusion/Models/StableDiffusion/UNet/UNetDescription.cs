namespace LatentDiffusion.Models;

/// <summary>What a U-Net reads, by its configuration.</summary>
internal static class UNetDescription
{
    /// <param name="config">The U-Net's configuration.</param>
    /// <param name="requiresAestheticsScore">Whether it reads the aesthetic score instead of the target size.</param>
    public static DenoiserDescription Of(UNet2DConditionConfig config, bool requiresAestheticsScore)
    {
        // Networks read more channels than they predict where they read masks or other images.
        int latents = Math.Min(config.InChannels, config.OutChannels);
        int? numbers = config.AdditionEmbedType != "text_time" ? null : requiresAestheticsScore ? TimeIds.OfRefiner : TimeIds.OfBase;
        return new DenoiserDescription
        {
            LatentChannels = latents,
            ConcatenatedChannels = config.InChannels - latents,
            OutputChannels = config.OutChannels,
            TextWidth = config.EncoderHidDim ?? config.CrossAttentionDim[0],
            // Next to the pooled text, the network's input has features of each number about the size.
            PooledWidth = numbers is null ? null : config.ProjectionClassEmbeddingsInputDim - numbers * config.AdditionTimeEmbedDim,
            AdditionalInputs = numbers is { } count ? new Dictionary<string, int> { [TimeIds.Name] = count } : [],
            ReadsGuidanceScale = config.TimeCondProjDim is not null,
            ControlResidualChannels = ResidualChannels(config),
            StepCachingLevels = config.BlockOutChannels.Length - 1,
        };
    }

    /// <summary>Channels of the skip connections from the highest resolution, and of the middle block.</summary>
    public static IReadOnlyList<int> ResidualChannels(UNet2DConditionConfig config)
    {
        int last = config.BlockOutChannels.Length - 1;
        IEnumerable<int> down = config.BlockOutChannels.SelectMany(
            (channels, i) => Enumerable.Repeat(channels, config.LayersPerBlock[i] + (i < last ? 1 : 0)));
        return [config.BlockOutChannels[0], .. down, config.BlockOutChannels[last]];
    }
}
