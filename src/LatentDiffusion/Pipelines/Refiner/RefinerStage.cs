using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A refiner's part in one generation.</summary>
/// <param name="network">The refiner's denoiser.</param>
/// <param name="prompts">The prompts of each request, as it reads them.</param>
/// <param name="boundary">The timestep below which it takes over.</param>
/// <param name="device">Where it runs.</param>
/// <param name="cancellationToken">The generation's.</param>
internal sealed class RefinerStage(
    IDenoiser network, IReadOnlyList<(Conditioning Text, Conditioning? Negative)> prompts, double boundary, Device device, CancellationToken cancellationToken) : IDisposable
{
    private readonly IDenoiserRun? _caching = (network as ICachingDenoiser)?.Start(cancellationToken);

    /// <summary>The timestep below which it takes over.</summary>
    public double Boundary => boundary;

    /// <summary>The denoiser, for this generation.</summary>
    public IDenoiser Denoiser => _caching ?? network;

    /// <summary>The prompts of a request, told the size of a pass. Refiners learned their own numbers: where a picture comes from they share with the model.</summary>
    /// <param name="pass">The pass's request, complete.</param>
    /// <param name="index">Which of the requests it is.</param>
    public (Conditioning Text, Conditioning? Negative) Conditioning(GenerationRequest pass, int index)
    {
        (Conditioning Text, Conditioning? Negative) prompt = prompts[index];
        SizeConditioning kind = network.SizeConditioning;
        if (kind == SizeConditioning.None) return prompt;
        GenerationRequest told = RequestValidator.WithSizeHints(pass with { SizeConditioningInput = Origin(pass.SizeConditioningInput), NegativeSizeConditioningInput = Origin(pass.NegativeSizeConditioningInput) }, kind);
        return (prompt.Text.WithSize(told.SizeConditioningInput!.ToTensor(device)), prompt.Negative?.WithSize(told.NegativeSizeConditioningInput!.ToTensor(device)));
    }

    public void Dispose() => _caching?.Dispose();

    private static SizeConditioningInput? Origin(SizeConditioningInput? hint) => hint is null ? null : new SizeConditioningInput
    {
        OriginalWidth = hint.OriginalWidth, OriginalHeight = hint.OriginalHeight, CropLeft = hint.CropLeft, CropTop = hint.CropTop,
    };
}
