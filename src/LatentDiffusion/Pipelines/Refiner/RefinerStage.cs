using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A refiner's part in one generation.</summary>
/// <param name="network">The refiner's denoiser.</param>
/// <param name="prompts">The prompts of each request, as it reads them.</param>
/// <param name="boundary">The timestep below which it takes over.</param>
/// <param name="device">Where it runs.</param>
internal sealed class RefinerStage(
    IDenoiser network, IReadOnlyList<(Conditioning Text, Conditioning? Negative)> prompts, double boundary, Device device) : IDisposable
{
    private readonly IDenoiserRun _run = network.Start();

    /// <summary>The denoiser, for this generation.</summary>
    public IDenoiser Denoiser => _run;

    /// <summary>The prompts of a request, told the size of a pass. Refiners learned their own numbers: where a picture comes from they share with the model.</summary>
    /// <param name="pass">The pass's request, complete.</param>
    /// <param name="index">Which of the requests it is.</param>
    public (Conditioning Text, Conditioning? Negative) Conditioning(GenerationRequest pass, int index)
    {
        (Conditioning Text, Conditioning? Negative) prompt = prompts[index];
        SizeConditioning kind = TimeIds.ReadBy(network.Description);
        if (kind == SizeConditioning.None) return prompt;
        GenerationRequest told = RequestValidator.WithSizeHints(pass with { SizeConditioningInput = Origin(pass.SizeConditioningInput), NegativeSizeConditioningInput = Origin(pass.NegativeSizeConditioningInput) }, kind);
        return (prompt.Text.With(TimeIds.Name, told.SizeConditioningInput!.ToTensor(device)),
            prompt.Negative?.With(TimeIds.Name, told.NegativeSizeConditioningInput!.ToTensor(device)));
    }

    /// <summary>A denoiser for early steps, and this one for those after its boundary (Balaji et al. 2022, section 4).</summary>
    /// <param name="early">For timesteps from the boundary on.</param>
    /// <param name="late">For those below it.</param>
    /// <param name="text">What <paramref name="late"/> is conditioned on.</param>
    public GuidedDenoiser After(GuidedDenoiser early, GuidedDenoiser late, Conditioning text) =>
        input => input.Timestep >= boundary ? early(input) : late(input with { Conditioning = text });

    public void Dispose() => _run.Dispose();

    private static SizeConditioningInput? Origin(SizeConditioningInput? hint) => hint is null ? null : new SizeConditioningInput
    {
        OriginalWidth = hint.OriginalWidth, OriginalHeight = hint.OriginalHeight, CropLeft = hint.CropLeft, CropTop = hint.CropTop,
    };
}
