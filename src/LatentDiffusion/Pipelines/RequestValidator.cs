namespace LatentDiffusion;

/// <summary>Fills in what a request leaves open, and refuses what cannot be done before anything is computed.</summary>
internal static class RequestValidator
{
    // As the refiner of SDXL was published.
    private const double LikedScore = 6, DislikedScore = 2.5;

    public static GenerationRequest Complete(GenerationRequest request, PipelineComponents parts)
    {
        ArgumentNullException.ThrowIfNull(request);
        int factor = parts.PixelsPerPatch;
        string width = request is { Width: null, InitialImage: not null } ? "InitialImage.Width" : nameof(request.Width);
        string height = request is { Height: null, InitialImage: not null } ? "InitialImage.Height" : nameof(request.Height);
        foreach (RequestSetting setting in RequestSettings.All) request = setting.Complete(request, parts);
        foreach (IPipelineFeature feature in parts.Features) request = feature.Complete(request);
        Size(width, request.Width!.Value, factor);
        Size(height, request.Height!.Value, factor);
        foreach (RequestSetting setting in RequestSettings.All) setting.Check(request, parts);
        EmbeddingValidator.Check(request, parts);
        SamplingPlan plan = StartValidator.Check(request, parts);
        foreach (IPipelineFeature feature in parts.Features) feature.Validate(request, plan);
        return WithSizeHints(request, TimeIds.ReadBy(parts.Denoiser.Description));
    }

    /// <summary>A request with what is open of its hints filled in, and refused what the denoiser does not look at.</summary>
    public static GenerationRequest WithSizeHints(GenerationRequest request, SizeConditioning kind)
    {
        if (kind == SizeConditioning.None)
        {
            Check(request.SizeConditioningInput is null, nameof(request.SizeConditioningInput), "given", "none, for the model is not told of sizes");
            Check(request.NegativeSizeConditioningInput is null, nameof(request.NegativeSizeConditioningInput), "given", "none, for the model is not told of sizes");
            return request;
        }

        int width = request.Width!.Value, height = request.Height!.Value;
        SizeConditioningInput hint = request.SizeConditioningInput ?? new SizeConditioningInput(), negative = request.NegativeSizeConditioningInput ?? hint with { AestheticScore = null };
        return request with
        {
            SizeConditioningInput = hint.Complete(kind, nameof(request.SizeConditioningInput), width, height, LikedScore),
            NegativeSizeConditioningInput = negative.Complete(kind, nameof(request.NegativeSizeConditioningInput), width, height, DislikedScore),
        };
    }

    public static void Size(string name, int value, int factor)
    {
        int maximum = RequestSettings.Width.Range!.Maximum;
        Check(value >= factor && value <= maximum && value % factor == 0, name, value, $"a multiple of {factor} from {factor} to {maximum}");
    }

    public static void Check(bool holds, string name, object? value, string expected)
    {
        if (!holds) throw new ArgumentException(MessageText.Cut(FormattableString.Invariant($"{name} is {value}; expected {expected}.")), name);
    }
}
