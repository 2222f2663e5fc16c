using System.Text.Json;
using System.Text.Json.Serialization;

namespace LatentDiffusion.Client;

/// <summary>An error in the format of the OpenAI API.</summary>
internal sealed record ErrorResponse(ErrorResponse.Details? Error)
{
    // A message of the server has at most 1,000 characters; a page of a proxy may have any number.
    private const int MaximumBytes = 1 << 16;

    /// <summary>Reads the error of a response.</summary>
    /// <returns>Null if the body is not such an error, for example a page of a proxy.</returns>
    public static async Task<Details?> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        try
        {
            await response.Content.LoadIntoBufferAsync(MaximumBytes, cancellationToken).ConfigureAwait(false);
            Stream body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            ErrorResponse? read =
                await JsonSerializer.DeserializeAsync(body, ClientJson.Default.ErrorResponse, cancellationToken).ConfigureAwait(false);
            return read?.Error is { Message: not null } error ? error : null;
        }
        catch (Exception e) when (e is JsonException or HttpRequestException)
        {
            return null;
        }
    }

    /// <param name="Message">What is wrong.</param>
    /// <param name="Type">Kind of error.</param>
    /// <param name="Param">Name of the wrong field; null where none is to blame.</param>
    /// <param name="Code">A short name of the error; null for none.</param>
    internal sealed record Details(
        string? Message, string? Type,
        [property: JsonConverter(typeof(LenientTextConverter))] string? Param,
        [property: JsonConverter(typeof(LenientTextConverter))] string? Code);
}
