namespace LatentDiffusion;

/// <summary>Images or embeddings of a request. Metadata records that they were given and does not hold them.</summary>
internal sealed class InputSetting(
    string name, Func<GenerationRequest, object?> get, Func<GenerationRequest, GenerationRequest, GenerationRequest> take)
    : RequestSetting(name)
{
    private const string Given = "given";

    /// <summary>Describes an input by what must agree in requests that are generated together. Default only that it is given.</summary>
    public Func<GenerationRequest, string> Describe { get; init; } = _ => Given;

    /// <summary>The request with the input of another one.</summary>
    public GenerationRequest Take(GenerationRequest request, GenerationRequest from) => take(request, from);

    internal override object? Get(GenerationRequest request) => get(request) is null ? null : Describe(request);

    internal override string? Write(GenerationRequest request) => get(request) is null ? null : Given;

    internal override GenerationRequest Read(GenerationRequest request, string text) => throw new FormatException();
}
