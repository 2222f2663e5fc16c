using System.Text.Json;

namespace LatentDiffusion;

/// <summary>
/// A setting of <see cref="GenerationRequest"/>, with all that validation, batching, metadata and command lines need to know of it.
/// </summary>
public abstract class RequestSetting
{
    private protected RequestSetting(string name) => (Name, Key) = (name, JsonNamingPolicy.SnakeCaseLower.ConvertName(name));

    /// <summary>Name of the request's property, for example <c>GuidanceScale</c>.</summary>
    public string Name { get; }

    /// <summary>Name in metadata and in additional properties, for example <c>guidance_scale</c>.</summary>
    public string Key { get; }

    /// <summary>
    /// Whether requests that are generated together must agree in it, because their images share evaluations. Of images, either
    /// all requests have one or none.
    /// </summary>
    public bool IsShared { get; internal init; }

    /// <summary>Whether metadata holds it; false for settings that do not change an image.</summary>
    internal bool IsRecorded { get; init; } = true;

    /// <summary>The setting that this one goes with: without it, this one must be null. Null for none.</summary>
    internal RequestSetting? Requires { get; init; }

    /// <summary>The value as messages show it; null where the request leaves it open.</summary>
    internal abstract object? Get(GenerationRequest request);

    /// <summary>The value as metadata holds it; null where the request leaves it open.</summary>
    internal abstract string? Write(GenerationRequest request);

    /// <summary>The request with the value that a text of metadata holds.</summary>
    /// <exception cref="FormatException">The text is not a value; parsers throw other exceptions too.</exception>
    internal abstract GenerationRequest Read(GenerationRequest request, string text);

    /// <summary>The request with the default, where the request leaves the setting open.</summary>
    internal virtual GenerationRequest Complete(GenerationRequest request, PipelineComponents components) => request;

    /// <exception cref="ArgumentException">The value is out of its range; the message names it.</exception>
    internal virtual void Check(GenerationRequest request, PipelineComponents components)
    {
        if (Requires is { } required && required.Get(request) is null)
            RequestValidator.Check(Get(request) is null, Name, Get(request), $"none without {required.Name}");
    }

    /// <summary>Whether a value of the setting's type is in its range.</summary>
    internal virtual bool Allows(object value) => true;

    /// <summary>The range in words; null for none.</summary>
    internal virtual string? Expected => null;
}
