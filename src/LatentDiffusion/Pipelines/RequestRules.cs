namespace LatentDiffusion;

/// <summary>Fills in what a request leaves open, and refuses what cannot be done before anything is computed.</summary>
internal static class RequestRules
{
    private const int MaximumCount = 1024, MaximumSteps = 1000, MaximumPixels = 1 << 14, MaximumPromptLength = 20_000;

    public static GenerationRequest Complete(GenerationRequest request, PipelineParts parts)
    {
        ArgumentNullException.ThrowIfNull(request);
        int factor = parts.Autoencoder.DownsamplingFactor;
        request = request with
        {
            Seed = request.Seed ?? (ulong)Random.Shared.NextInt64(),
            Steps = request.Steps ?? parts.Options.Steps,
            GuidanceScale = request.GuidanceScale ?? parts.Options.GuidanceScale,
            Width = request.Width ?? parts.SampleSize * factor,
            Height = request.Height ?? parts.SampleSize * factor,
            TimeLimit = request.TimeLimit ?? parts.Options.TimeLimit,
        };
        Text(nameof(request.Prompt), request.Prompt);
        Text(nameof(request.NegativePrompt), request.NegativePrompt);
        Check(request.Count is >= 1 and <= MaximumCount, nameof(request.Count), request.Count, $"from 1 to {MaximumCount}");
        Check(request.Steps is >= 1 and <= MaximumSteps, nameof(request.Steps), request.Steps, $"from 1 to {MaximumSteps}");
        Check(request.GuidanceScale is >= 0 and <= 100, nameof(request.GuidanceScale), request.GuidanceScale, "from 0 to 100");
        Size(nameof(request.Width), request.Width.Value, factor);
        Size(nameof(request.Height), request.Height.Value, factor);
        Check(
            request.TimeLimit is null || (request.TimeLimit > TimeSpan.Zero && request.TimeLimit <= DiffusionPipelineOptions.MaximumTimeLimit),
            nameof(request.TimeLimit), request.TimeLimit, $"more than zero and at most {DiffusionPipelineOptions.MaximumTimeLimit}");
        return request;
    }

    private static void Text(string name, string value)
    {
        Check(value is not null, name, "null", "a text");
        Check(value!.Length <= MaximumPromptLength, name, $"{value.Length} characters long", $"at most {MaximumPromptLength}");
    }

    private static void Size(string name, int value, int factor) =>
        Check(value >= factor && value <= MaximumPixels && value % factor == 0, name, value, $"a multiple of {factor} from {factor} to {MaximumPixels}");

    private static void Check(bool holds, string name, object? value, string expected)
    {
        if (!holds) throw new ArgumentException(FormattableString.Invariant($"{name} is {value}; expected {expected}."), name);
    }
}
