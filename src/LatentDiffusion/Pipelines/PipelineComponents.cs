using Microsoft.Extensions.Logging;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>Components and settings of a pipeline.</summary>
internal sealed record PipelineComponents(
    ITextEncoder TextEncoder, IDenoiser Denoiser, IAutoencoder Autoencoder, INoiseScheduler Scheduler, IGuidance Guidance,
    IImageCodec Codec, DiffusionPipelineOptions Options, int SampleSize, Device Device, DiffusionModel? OwnedModel) : IDisposable
{
    public required PreviewSource Preview { get; init; }

    public required ILogger Logger { get; init; }

    /// <summary>Path of the file that the model was read from; null for other models.</summary>
    public string? ModelFile { get; init; }

    public required DeviceOffloader Offloader { get; init; }

    /// <summary>Features in addition to plain sampling. Owned.</summary>
    public required IReadOnlyList<IPipelineFeature> Features { get; init; }

    /// <summary>Reads the prompts of requests, before the text encoder does.</summary>
    public required PromptReader PromptReader { get; init; }

    /// <summary>How the text encoder reads prompts; null for plain text, or where it does not say.</summary>
    public PromptingOptions? Prompting => TextEncoder.Prompting is { } prompting && prompting != PromptingOptions.Plain ? prompting : null;

    /// <summary>Values that the denoiser's runs may reuse between evaluations.</summary>
    public DenoiserRunOptions RunOptions => Features.Aggregate(new DenoiserRunOptions(), (options, feature) => feature.Configure(options));

    /// <summary>Width and height of an image are multiples of this.</summary>
    public int PixelsPerPatch => Autoencoder.DownsamplingFactor * Denoiser.Description.PatchSize;

    /// <summary>Components of a denoising stage.</summary>
    public IReadOnlyList<IOffloadable> Denoising => [Denoiser, .. Features.SelectMany(f => f.DenoisingNetworks)];

    /// <summary>Whether guidance acts on a request that is complete.</summary>
    public bool Guides(GenerationRequest request) => Guidance.ActsAt(request.GuidanceScale!.Value);

    /// <summary>Whether it needs the negative prompt for it.</summary>
    public bool NeedsNegative(GenerationRequest request) => Guides(request) && Guidance.NeedsUnconditional;

    /// <summary>Whether guidance or a composed prompt needs it.</summary>
    public bool EvaluatesNegative(GenerationRequest request) =>
        NeedsNegative(request) || PromptReader.Read(request, this).Prompt.NeedsUnconditional;

    /// <summary>Warns of prompts that the text encoder cuts, or that use a notation it does not know.</summary>
    public void WarnIfTruncated(IEnumerable<string> prompts)
    {
        prompts = [.. prompts.Distinct()];
        WarnOfSyntax(prompts);
        if (!Logger.IsEnabled(LogLevel.Warning)) return;
        // Start and end of each window are not for the prompt.
        int window = TextEncoder.MaxLength - 2 * (TextEncoder.Prompting?.MaxChunks ?? 1);
        foreach (int truncated in prompts.Select(p => TextEncoder.CountTruncatedTokens(p) ?? 0).Where(n => n > 0))
            Logger.PromptTruncated(truncated, window);
    }

    /// <summary>Warns of masks of which nothing or not all is repainted.</summary>
    public void WarnOfMask(GenerationRequest request)
    {
        if (!Logger.IsEnabled(LogLevel.Warning) || RepaintedArea.FromRequest(request) is not { Inner.Mask: { } mask }) return;
        ImageBuffer resized = mask.Resize(request.Width!.Value, request.Height!.Value);
        int factor = Autoencoder.DownsamplingFactor;
        (int repainted, int thin) = MaskStrokes.Count(RepaintMask.Repainted(resized), resized.Width, resized.Height, factor);
        if (repainted == 0) Logger.EmptyMask();
        else if (thin > 0) Logger.ThinMask(thin, factor);
    }

    private void WarnOfSyntax(IEnumerable<string> prompts)
    {
        // Custom text encoders may have another notation.
        if (TextEncoder.Prompting is not { } prompting || !Logger.IsEnabled(LogLevel.Warning)) return;
        IEnumerable<string> texts = prompts.Select(p => Features.Aggregate(p, (text, feature) => feature.ReadPrompt(text)));
        bool hasSyntax = PromptReader.HasSyntax;
        foreach ((string syntax, string remedy) in texts.SelectMany(t => UnsupportedSyntax.In(t, prompting.Weights, hasSyntax)).Distinct())
            Logger.PromptSyntax(syntax, remedy);
    }

    /// <summary>Whose turn it is.</summary>
    public GenerationQueue Queue { get; } = new(Options);

    public void Dispose()
    {
        Queue.Dispose();
        foreach (IPipelineFeature feature in Features) feature.Dispose();
        OwnedModel?.Dispose();
    }
}
