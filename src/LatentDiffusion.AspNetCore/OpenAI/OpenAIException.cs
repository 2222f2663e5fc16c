namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary>A request that is answered with an error.</summary>
/// <param name="status">Status code of the response.</param>
/// <param name="message">What is wrong, for the client.</param>
/// <param name="parameter">The field that is wrong; null where none is.</param>
/// <param name="code">A name of the error for programs; null for none.</param>
internal sealed class OpenAIException(int status, string message, string? parameter = null, string? code = null) : Exception(message)
{
    public int Status { get; } = status;

    public string? Parameter { get; } = parameter;

    public string? Code { get; } = code;

    /// <summary>When the request may be repeated; null where that does not help.</summary>
    public TimeSpan? RetryAfter { get; init; }

    public OpenAIErrorResponse ToResponse() => new(new OpenAIError(Message, Type, Parameter, Code));

    private string Type => Status switch
    {
        StatusCodes.Status429TooManyRequests => "rate_limit_error",
        >= StatusCodes.Status500InternalServerError => "server_error",
        _ => "invalid_request_error",
    };
}
