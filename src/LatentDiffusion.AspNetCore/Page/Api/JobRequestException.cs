namespace LatentDiffusion.AspNetCore.Page;

/// <summary>A posted job that cannot be read.</summary>
/// <param name="parameter">Name of the wrong field; null where the whole body is wrong.</param>
/// <param name="message">What is wrong, and what was expected.</param>
internal sealed class JobRequestException(string? parameter, string message) : Exception(message)
{
    public string? Parameter { get; } = parameter;
}
