namespace LatentDiffusion.Models;

/// <summary>What a U-Net reads, by its configuration.</summary>
internal static class UNetDescription
{
    /// <param name="config">The U-Net's configuration.</param>
    /// <param name="requiresAestheticsScore">Whether it reads the aesthetic score instead of the target size.</param>
    public static DenoiserDescription FromConfig(UNet2DConditionConfig config, bool requiresAestheticsScore)
    {
        // Networks read more channels than they predict where they read masks or other images.
        int latents = Math.Min(config.InChannels, config.OutChannels);
        int? numbers = config.AdditionEmbedType != "text_time" ? null : requiresAestheticsScore ? TimeIds.OfRefiner : TimeIds.OfBase;
        return new DenoiserDescription
        {
            ModelName = "Stable Diffusion",
            LatentChannels = latents,
            ConcatenatedChannels = config.InChannels - latents,
            OutputChannels = config.OutChannels,
            TextWidth = config.EncoderHidDim ?? config.CrossAttentionDim[0],
            // Next to the pooled text, the network's input has features of each number about the size.
            PooledWidth = numbers is null ? null : config.ProjectionClassEmbeddingsInputDim - numbers * config.AdditionTimeEmbedDim,
            AdditionalInputs = numbers is { } count ? new Dictionary<string, int> { [TimeIds.Name] = count } : [],
            IgnoresMaskedTokens = true,
            ReadsGuidanceScale = config.TimeCondProjDim is not null,
            ControlResidualChannels = ResidualChannels(config),
            AdapterResidualShapes = AdapterShapes(config),
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

    /// <summary>
    /// Where T2I-Adapters are added: in blocks with cross-attention before the size is halved, in others after it, and after the middle.
    /// </summary>
    private static IReadOnlyList<AdapterResidualShape> AdapterShapes(UNet2DConditionConfig config)
    {
        int last = config.BlockOutChannels.Length - 1;
        IEnumerable<AdapterResidualShape> down = config.BlockOutChannels.Select((channels, i) => new AdapterResidualShape(
            channels, 1 << (i == last || config.DownBlockTypes[i].StartsWith("CrossAttn", StringComparison.Ordinal) ? i : i + 1)));
        return config.MidBlockType is null ? [.. down] : [.. down, new(config.BlockOutChannels[last], 1 << last)];
    }
}
