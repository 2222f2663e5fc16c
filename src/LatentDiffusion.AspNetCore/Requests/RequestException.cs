namespace LatentDiffusion.AspNetCore.Requests;

/// <summary>A request that is answered with an error, which each API writes in its own form.</summary>
/// <param name="status">Status code of the response.</param>
/// <param name="message">What is wrong, for the client.</param>
/// <param name="parameter">The field that is wrong; null where none is.</param>
/// <param name="code">A name of the error for programs; null for none.</param>
internal sealed class RequestException(int status, string message, string? parameter = null, string? code = null) : Exception(message)
{
    public int Status { get; } = status;

    public string? Parameter { get; } = parameter;

    public string? Code { get; } = code;

    /// <summary>When the request may be repeated; null where that does not help.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
