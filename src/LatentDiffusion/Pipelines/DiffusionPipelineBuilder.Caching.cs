using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion;

/// <content>What evaluations of the network take over from one another.</content>
public sealed partial class DiffusionPipelineBuilder
{
    private StepCachingOptions? _stepCaching;

    /// <summary>
    /// Computes the lower resolutions of the U-Net at some evaluations only, and takes them over at those between (Ma et al.
    /// 2024, "DeepCache", section 3.3): faster, and a little different pictures. Not together with a ControlNet.
    /// </summary>
    /// <param name="options">How much is taken over; null for the defaults.</param>
    /// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
    public DiffusionPipelineBuilder UseStepCaching(StepCachingOptions? options = null) => Set(ref _stepCaching, ValidOptions.Check(options ?? new()));

    private IDenoiser Cached(IDenoiser denoiser, int controlNets)
    {
        if (_stepCaching is not { } options) return denoiser;
        if (controlNets > 0)
            throw new InvalidOperationException("A ControlNet changes at every evaluation what step caching takes over; use one of the two.");
        UNetDenoiser unet = denoiser as UNetDenoiser ?? throw new InvalidOperationException($"Step caching needs a {nameof(UNetDenoiser)}; the denoiser is a {denoiser.GetType().Name}.");
        int levels = unet.Config.BlockOutChannels.Length;
        return options.Levels < levels
            ? new StepCachingUNet(unet, options)
            : throw new InvalidOperationException($"{nameof(StepCachingOptions.Levels)} is {options.Levels}; expected 1 to {levels - 1}, for the U-Net has {levels} resolutions.");
    }
}
