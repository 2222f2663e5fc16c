using Microsoft.AspNetCore.Http.Metadata;

namespace LatentDiffusion.AspNetCore.Limits;

/// <summary>The most bytes of a request's body, as routing applies it before anything reads the body.</summary>
/// <param name="bytes">The limit; null for endpoints that limit their bodies themselves (<see cref="LimitedBody"/>).</param>
internal sealed class RequestSizeLimit(long? bytes) : IRequestSizeLimitMetadata
{
    public long? MaxRequestBodySize => bytes;
}
