namespace LatentDiffusion;

/// <summary>A refiner in one generation: a run of its denoiser, and the prompts as its text encoder encodes them.</summary>
internal sealed class RefinerRun : IFeatureRun
{
    private readonly SizeConditioningFeature _sizes;
    private readonly (Conditioning Text, Conditioning? Negative)[] _prompts;
    private readonly IDenoiserRun _denoiser;

    /// <param name="refiner">The refiner.</param>
    /// <param name="requests">The generation's requests, complete.</param>
    /// <param name="withNegative">Whether guidance needs the negative prompt.</param>
    /// <param name="boundary">The timestep below which it takes over.</param>
    /// <param name="cancellationToken">Checked before each call of the encoder.</param>
    public RefinerRun(
        LoadedRefiner refiner, IReadOnlyList<GenerationRequest> requests, bool withNegative, double boundary,
        CancellationToken cancellationToken)
    {
        DiffusionModel model = refiner.Model;
        Boundary = boundary;
        _sizes = new SizeConditioningFeature(model.Denoiser.Description, model.Device);
        _prompts = [.. requests.Select(r => RequestConditioning.Of(r, refiner.TextEncoder, withNegative, model.Device, cancellationToken))];
        _denoiser = model.Denoiser.Start();
    }

    /// <summary>The timestep below which it takes over.</summary>
    public double Boundary { get; }

    /// <summary>The denoiser, for this generation.</summary>
    public IDenoiser Denoiser => _denoiser;

    public IFeaturePass Prepare(GenerationRequest pass, int index)
    {
        (Conditioning Text, Conditioning? Negative) prompt = _prompts[index];
        if (_sizes.IsRead)
        {
            // Refiners learned other numbers; where an image comes from they share with the model.
            prompt = _sizes.Condition(prompt, _sizes.Complete(pass with
            {
                SizeConditioningInput = Origin(pass.SizeConditioningInput),
                NegativeSizeConditioningInput = Origin(pass.NegativeSizeConditioningInput),
            }));
        }

        return new RefinerPass(this, prompt.Text, prompt.Negative);
    }

    public void Dispose() => _denoiser.Dispose();

    private static SizeConditioningInput? Origin(SizeConditioningInput? input) => input is null ? null : new SizeConditioningInput
    {
        OriginalWidth = input.OriginalWidth, OriginalHeight = input.OriginalHeight, CropLeft = input.CropLeft, CropTop = input.CropTop,
    };
}
