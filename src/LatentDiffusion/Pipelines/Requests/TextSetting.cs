namespace LatentDiffusion;

/// <summary>A prompt of a request.</summary>
internal sealed class TextSetting(string name, Func<GenerationRequest, string> get, Func<GenerationRequest, string, GenerationRequest> set)
    : RequestSetting(name)
{
    internal override object? Get(GenerationRequest request) => get(request);

    internal override string? Write(GenerationRequest request) => get(request);

    internal override GenerationRequest Read(GenerationRequest request, string text) => set(request, text);

    internal override void Check(GenerationRequest request, PipelineComponents components)
    {
        string value = get(request);
        int maximum = components.Options.MaximumPromptLength;
        RequestValidator.Check(value is not null, Name, "null", "a text");
        RequestValidator.Check(value!.Length <= maximum, Name, $"{value.Length} characters long", $"at most {maximum}");
        // A text of a PNG file ends at one.
        RequestValidator.Check(!value.Contains('\0'), Name, $"with a NUL character at {value.IndexOf('\0')}", "a text without");
    }
}
