using Microsoft.Extensions.Logging;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>What a pipeline is made of.</summary>
internal sealed record PipelineComponents(
    ITextEncoder TextEncoder, IDenoiser Denoiser, IAutoencoder Autoencoder, INoiseScheduler Scheduler, IGuidance Guidance, IImageCodec Codec,
    DiffusionPipelineOptions Options, int SampleSize, Device Device, DiffusionModel? OwnedModel) : IDisposable
{
    public required PreviewSource Preview { get; init; }

    public required ILogger Logger { get; init; }

    public required DeviceOffloader Residency { get; init; }

    /// <summary>In the order of a request's pictures. None where the denoiser is no <see cref="UNetDenoiser"/>.</summary>
    public IReadOnlyList<LoadedControlNet> ControlNets { get; init; } = [];

    /// <summary>How the text encoder reads prompts; null where it reads them plainly, or does not say.</summary>
    public PromptingOptions? Prompting { get; init; }

    /// <summary>Makes the last steps; null where the denoiser makes all.</summary>
    public LoadedRefiner? Refiner { get; init; }

    /// <summary>What a denoising stage uses.</summary>
    public IReadOnlyList<object> Denoising => [Denoiser, .. ControlNets, .. Refiner is null ? [] : (object[])[Refiner.Model.Denoiser]];

    /// <summary>Whether guidance acts on a request that is complete.</summary>
    public bool Guides(GenerationRequest request) => request.GuidanceScale != 1 || Guidance.ActsAtScaleOne;

    /// <summary>Whether it needs the negative prompt for it.</summary>
    public bool NeedsNegative(GenerationRequest request) => Guides(request) && Guidance.NeedsUnconditional;

    /// <summary>Warns of prompts that the text encoder cuts, or that use a notation it does not know.</summary>
    public void WarnIfTruncated(IEnumerable<string> prompts)
    {
        prompts = [.. prompts.Distinct()];
        WarnOfSyntax(prompts);
        if (TextEncoder is not ITruncatingTextEncoder encoder || !Logger.IsEnabled(LogLevel.Warning)) return;
        // Start and end of the window are not for the prompt.
        foreach (int cut in prompts.Distinct().Select(encoder.CountTruncatedTokens).Where(cut => cut > 0)) Logger.Cut(cut, encoder.MaxLength - 2);
    }

    /// <summary>Warns of masks of which nothing or not all is repainted.</summary>
    public void WarnOfMask(GenerationRequest request)
    {
        if (request.Mask is not { } mask || !Logger.IsEnabled(LogLevel.Warning)) return;
        ImageBuffer resized = mask.Resize(request.Width!.Value, request.Height!.Value);
        (int repainted, int thin) = MaskStrokes.Count(RepaintMask.Repainted(resized), resized.Width, resized.Height, Autoencoder.DownsamplingFactor);
        if (repainted == 0) Logger.EmptyMask();
        else if (thin > 0) Logger.ThinMask(thin, Autoencoder.DownsamplingFactor);
    }

    private void WarnOfSyntax(IEnumerable<string> prompts)
    {
        // Custom text encoders read prompts as they like.
        if (TextEncoder.GetType().Assembly != typeof(PipelineComponents).Assembly || !Logger.IsEnabled(LogLevel.Warning)) return;
        foreach ((string syntax, string remedy) in prompts.SelectMany(p => UnsupportedSyntax.In(p, Prompting is not null)).Distinct()) Logger.PromptSyntax(syntax, remedy);
    }

    /// <summary>Whose turn it is.</summary>
    public GenerationQueue Queue { get; } = new(Options);

    public void Dispose()
    {
        Queue.Dispose();
        foreach (LoadedControlNet control in ControlNets) control.Dispose();
        Refiner?.Dispose();
        OwnedModel?.Dispose();
    }
}
