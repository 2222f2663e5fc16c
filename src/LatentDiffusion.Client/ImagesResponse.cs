using System.Text.Json;
using System.Text.Json.Serialization;

namespace LatentDiffusion.Client;

/// <summary>Images as the server returns them.</summary>
internal sealed record ImagesResponse(IReadOnlyList<ImagesResponse.Item>? Data)
{
    /// <summary>Reads the images of a response.</summary>
    /// <exception cref="InvalidDataException">The body is not a list of images.</exception>
    /// <exception cref="HttpRequestException">It is larger than the maximum, or the connection broke.</exception>
    public static async Task<IReadOnlyList<Item>> ReadAsync(
        HttpResponseMessage response, long maximumBytes, CancellationToken cancellationToken)
    {
        await response.Content.LoadIntoBufferAsync(maximumBytes, cancellationToken).ConfigureAwait(false);
        Stream body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ImagesResponse? read =
                await JsonSerializer.DeserializeAsync(body, ClientJson.Default.ImagesResponse, cancellationToken).ConfigureAwait(false);
            if (read?.Data is { } items && items.All(item => item?.Image is not null)) return items;
        }
        catch (JsonException e)
        {
            throw Unexpected(response, e);
        }

        throw Unexpected(response, null);
    }

    private static InvalidDataException Unexpected(HttpResponseMessage response, Exception? inner) => new(
        $"{response.RequestMessage?.RequestUri} answered {(int)response.StatusCode} with a body of type "
        + $"'{response.Content.Headers.ContentType}' that is not a list of images.", inner);

    /// <summary>An image.</summary>
    internal sealed class Item
    {
        /// <summary>The file.</summary>
        [JsonPropertyName("b64_json")]
        public byte[]? Image { get; set; }

        /// <summary>What else the server says of the image, such as its seed.</summary>
        [JsonExtensionData]
        public Dictionary<string, JsonElement>? Others { get; set; }
    }
}
