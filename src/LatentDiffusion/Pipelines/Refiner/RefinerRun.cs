namespace LatentDiffusion;

/// <summary>A refiner in one generation: a run of its denoiser, and the prompts as its text encoder encodes them.</summary>
internal sealed class RefinerRun : IFeatureRun
{
    private readonly SizeConditioningFeature _sizes;
    private readonly EncodedPrompts[] _prompts;
    private readonly bool[] _hasTwoPasses;
    private readonly IDenoiserRun _denoiser;

    /// <param name="refiner">The refiner.</param>
    /// <param name="requests">The generation's requests, complete.</param>
    /// <param name="components">Components of the pipeline.</param>
    /// <param name="withNegative">Whether guidance needs the negative prompt.</param>
    /// <param name="boundary">The timestep below which it takes over.</param>
    /// <param name="cancellationToken">Checked before each call of the encoder.</param>
    public RefinerRun(
        LoadedRefiner refiner, IReadOnlyList<GenerationRequest> requests, PipelineComponents components, bool withNegative,
        double boundary, CancellationToken cancellationToken)
    {
        _hasTwoPasses = [.. requests.Select(r => r.Upscale is not null)];
        DiffusionModel model = refiner.Model;
        Boundary = boundary;
        _sizes = new SizeConditioningFeature(model.Denoiser.Description, model.Device);
        _prompts =
        [
            .. requests.Select(r =>
                RequestConditioning.Encode(
                    r, components, refiner.TextEncoder, withNegative, model.Device, cancellationToken)),
        ];
        _denoiser = model.Denoiser.Start();
    }

    /// <summary>The timestep below which it takes over.</summary>
    public double Boundary { get; }

    /// <summary>The denoiser, for this generation.</summary>
    public IDenoiser Denoiser => _denoiser;

    public IFeaturePass Prepare(GenerationRequest pass, int index)
    {
        EncodedPrompts prompts = _prompts[index];
        (Conditioning text, Conditioning? negative) = Condition((prompts.Text, prompts.Negative));
        if (_prompts.All(p => p.AreConstant)) return new RefinerPass(this, text, negative);
        int number = _hasTwoPasses[index] && pass.Upscale is null ? 1 : 0;
        return new RefinerPass(
            this, PromptRole.Mark(text, PromptRole.Text), negative is null ? null : PromptRole.Mark(negative, PromptRole.Negative))
        {
            Prompts = [new PassPrompts(prompts, number, RequestSampling.StepsOf(pass), Condition)],
        };

        // Refiners learned other numbers; where an image comes from they share with the model.
        (Conditioning Text, Conditioning? Negative) Condition((Conditioning Text, Conditioning? Negative) prompt) =>
            !_sizes.IsRead ? prompt : _sizes.Condition(prompt, _sizes.Complete(pass with
            {
                SizeConditioningInput = Origin(pass.SizeConditioningInput),
                NegativeSizeConditioningInput = Origin(pass.NegativeSizeConditioningInput),
            }));
    }

    public void Dispose() => _denoiser.Dispose();

    private static SizeConditioningInput? Origin(SizeConditioningInput? input) => input is null ? null : new SizeConditioningInput
    {
        OriginalWidth = input.OriginalWidth, OriginalHeight = input.OriginalHeight, CropLeft = input.CropLeft, CropTop = input.CropTop,
    };
}
