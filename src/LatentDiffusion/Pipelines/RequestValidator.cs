namespace LatentDiffusion;

/// <summary>Fills in what a request leaves open, and refuses what cannot be done before anything is computed.</summary>
internal static class RequestValidator
{
    public static GenerationRequest Complete(GenerationRequest request, PipelineComponents parts)
    {
        ArgumentNullException.ThrowIfNull(request);
        int factor = parts.PixelsPerPatch;
        string width = request is { Width: null, InitialImage: not null } ? "InitialImage.Width" : nameof(request.Width);
        string height = request is { Height: null, InitialImage: not null } ? "InitialImage.Height" : nameof(request.Height);
        foreach (RequestSetting setting in RequestSettings.All) request = setting.Complete(request, parts);
        Size(width, request.Width!.Value, factor);
        Size(height, request.Height!.Value, factor);
        foreach (RequestSetting setting in RequestSettings.All) setting.Check(request, parts);
        foreach (IPipelineFeature feature in parts.Features) request = feature.Complete(request);
        EmbeddingValidator.Check(request, parts);
        SamplingPlan plan = StartValidator.Check(request, parts);
        foreach (IPipelineFeature feature in parts.Features) feature.Validate(request, plan);
        return request;
    }

    public static void Size(string name, int value, int factor)
    {
        int maximum = RequestSettings.Width.Range!.Maximum;
        bool holds = value >= factor && value <= maximum && value % factor == 0;
        Check(holds, name, value, $"a multiple of {factor} from {factor} to {maximum}");
    }

    public static void Check(bool holds, string name, object? value, string expected)
    {
        if (holds) return;
        string message = FormattableString.Invariant($"{name} is {value}; expected {expected}.");
        throw new ArgumentException(MessageText.Cut(message), name);
    }
}
