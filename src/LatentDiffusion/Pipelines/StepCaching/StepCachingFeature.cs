namespace LatentDiffusion;

/// <summary>Lets evaluations reuse features of earlier ones.</summary>
internal sealed class StepCachingFeature(StepCachingOptions options) : IPipelineFeature
{
    public static void AddTo(PipelineAssembly assembly)
    {
        if (assembly.Choices.Get<StepCachingOptions>() is not { } options) return;
        UNetDenoiser unet = assembly.Denoiser as UNetDenoiser ?? throw new InvalidOperationException(
            $"Step caching needs a {nameof(UNetDenoiser)}; the denoiser is a {assembly.Denoiser.GetType().Name}.");
        int levels = unet.Config.BlockOutChannels.Length;
        if (options.Levels >= levels)
        {
            throw new InvalidOperationException(
                $"{nameof(StepCachingOptions.Levels)} is {options.Levels}; expected 1 to {levels - 1}, "
                + $"for the U-Net has {levels} resolutions.");
        }

        assembly.Denoiser = new StepCachingUNet(unet, options);
        assembly.Features.Add(new StepCachingFeature(options));
    }

    public IEnumerable<(string Key, object? Value)> Describe() => [("step_caching", options)];
}
