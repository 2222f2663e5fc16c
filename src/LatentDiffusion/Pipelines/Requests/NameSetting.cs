namespace LatentDiffusion;

/// <summary>A setting that names something; null for none.</summary>
internal sealed class NameSetting(string name, Func<GenerationRequest, string?> get, Func<GenerationRequest, string, GenerationRequest> set)
    : RequestSetting(name)
{
    internal override object? Get(GenerationRequest request) => get(request);

    internal override string? Write(GenerationRequest request) => get(request);

    internal override GenerationRequest Read(GenerationRequest request, string text) => set(request, text);
}
