namespace LatentDiffusion;

/// <summary>Fills in the null settings of a request, and refuses impossible ones before anything is computed.</summary>
internal static class RequestValidator
{
    public static GenerationRequest Complete(GenerationRequest request, PipelineComponents components)
    {
        ArgumentNullException.ThrowIfNull(request);
        int factor = components.PixelsPerPatch;
        bool whole = request.InitialImage is not null && request.Inpainting?.MaskPadding is null;
        string width = request.Width is null && whole ? "InitialImage.Width" : nameof(request.Width);
        string height = request.Height is null && whole ? "InitialImage.Height" : nameof(request.Height);
        foreach (RequestSetting setting in RequestSettings.All) request = setting.Complete(request, components);
        Size(width, request.Width!.Value, factor);
        Size(height, request.Height!.Value, factor);
        foreach (RequestSetting setting in RequestSettings.All) setting.Check(request, components);
        components = RequestScheduler.For(request, components) with
        {
            TextEncoder = RequestTextEncoder.For(request, components.TextEncoder),
        };
        foreach (IPipelineFeature feature in components.Features) request = feature.Complete(request);
        SamplingPlan plan = StartValidator.Check(request, components);
        EmbeddingValidator.Check(request, components, components.PromptReader.Read(request, components));
        foreach (IPipelineFeature feature in components.Features) feature.Validate(request, plan);
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
        throw new ArgumentException(MessageText.Truncate(message), name);
    }
}
