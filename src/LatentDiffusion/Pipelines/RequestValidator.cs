namespace LatentDiffusion;

/// <summary>Fills in what a request leaves open, and refuses what cannot be done before anything is computed.</summary>
internal static class RequestValidator
{
    public const int MaximumCount = 1024;

    private const int DefaultSteps = 20, MaximumSteps = 1000, MaximumPixels = 1 << 14;

    private const double DefaultGuidanceScale = 5, DefaultVariationStrength = 0.2;

    // As the refiner of SDXL was published.
    private const double LikedScore = 6, DislikedScore = 2.5;

    public static GenerationRequest Complete(GenerationRequest request, PipelineComponents parts)
    {
        ArgumentNullException.ThrowIfNull(request);
        StartValidator.CheckChannels(parts);
        int factor = parts.Autoencoder.DownsamplingFactor;
        string width = request is { Width: null, InitialImage: not null } ? "InitialImage.Width" : nameof(request.Width);
        string height = request is { Height: null, InitialImage: not null } ? "InitialImage.Height" : nameof(request.Height);
        request = request with
        {
            Seed = request.Seed ?? (ulong)Random.Shared.NextInt64(),
            VariationStrength = request.VariationStrength ?? (request.VariationSeed is null ? null : DefaultVariationStrength),
            Steps = request.Steps ?? parts.Options.Steps ?? parts.OwnedModel?.Steps ?? DefaultSteps,
            GuidanceScale = request.GuidanceScale ?? parts.Options.GuidanceScale ?? parts.OwnedModel?.GuidanceScale ?? DefaultGuidanceScale,
            Width = request.Width ?? request.InitialImage?.Width ?? parts.SampleSize * factor,
            Height = request.Height ?? request.InitialImage?.Height ?? parts.SampleSize * factor,
            Strength = request.Strength ?? (request.InitialImage is null ? null : StartValidator.DefaultStrength),
            TimeLimit = request.TimeLimit ?? parts.Options.TimeLimit,
            ControlWeights = CompleteWeights(request.ControlWeights, parts.ControlNets),
        };
        Text(nameof(request.Prompt), request.Prompt, parts.Options.MaximumPromptLength);
        Text(nameof(request.NegativePrompt), request.NegativePrompt, parts.Options.MaximumPromptLength);
        EmbeddingValidator.Check(request, parts);
        Check(request.Count is >= 1 and <= MaximumCount, nameof(request.Count), request.Count, $"from 1 to {MaximumCount}");
        if (request.VariationSeed is null) Check(request.VariationStrength is null, nameof(request.VariationStrength), request.VariationStrength, "none without VariationSeed");
        else Check(request.VariationStrength is >= 0 and <= 1, nameof(request.VariationStrength), request.VariationStrength, "from 0 to 1");
        Check(request.Steps is >= 1 and <= MaximumSteps, nameof(request.Steps), request.Steps, $"from 1 to {MaximumSteps}");
        Check(request.GuidanceScale is >= 0 and <= 100, nameof(request.GuidanceScale), request.GuidanceScale, "from 0 to 100");
        Size(width, request.Width.Value, factor);
        Size(height, request.Height.Value, factor);
        Check(
            request.TimeLimit is null || (request.TimeLimit > TimeSpan.Zero && request.TimeLimit <= DiffusionPipelineOptions.MaximumTimeLimit),
            nameof(request.TimeLimit), request.TimeLimit, $"more than zero and at most {DiffusionPipelineOptions.MaximumTimeLimit}");
        StartValidator.Check(request, parts);
        return WithSizeHints(request, parts.Denoiser.SizeConditioning);
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

    /// <summary>Those of the request where it has some, and else the pipeline's; what is wrong with them is left to be refused.</summary>
    private static IReadOnlyList<ControlWeight>? CompleteWeights(IReadOnlyList<ControlWeight>? weights, IReadOnlyList<LoadedControlNet> controls)
    {
        if (weights is null && controls.Count == 0) return null;
        if (weights is not null && (weights.Count != controls.Count || weights.All(w => w is null or { Scale: not null, Start: not null, End: not null }))) return weights;
        return [.. controls.Select((control, i) => weights is null ? control.Weight : weights[i] is { } given ? control.Weight.With(given) : null!)];
    }

    private static void Text(string name, string value, int maximum)
    {
        Check(value is not null, name, "null", "a text");
        Check(value!.Length <= maximum, name, $"{value.Length} characters long", $"at most {maximum}");
        // A text of a PNG file ends at one.
        Check(!value.Contains('\0'), name, $"with a NUL character at {value.IndexOf('\0')}", "a text without");
    }

    public static void Size(string name, int value, int factor) =>
        Check(value >= factor && value <= MaximumPixels && value % factor == 0, name, value, $"a multiple of {factor} from {factor} to {MaximumPixels}");

    public static void Check(bool holds, string name, object? value, string expected)
    {
        if (!holds) throw new ArgumentException(MessageText.Cut(FormattableString.Invariant($"{name} is {value}; expected {expected}.")), name);
    }
}
