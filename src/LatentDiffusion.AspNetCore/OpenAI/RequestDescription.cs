namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary>
/// The body of an endpoint for the OpenAPI document. Routing does not see it, which would refuse other types before it asks for a key.
/// </summary>
/// <param name="mediaType">The media type.</param>
/// <param name="files">The fields of a form that are files.</param>
internal sealed class RequestDescription(string mediaType, params string[] files)
{
    public string MediaType => mediaType;

    public IReadOnlyList<string> Files => files;
}
