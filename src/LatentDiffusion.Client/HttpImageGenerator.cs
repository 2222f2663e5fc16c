using System.Diagnostics.CodeAnalysis;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace LatentDiffusion.Client;

/// <summary>
/// Generates images on a LatentDiffusion server, through its OpenAI images API, with the options, results and exceptions of a generator in
/// the process: code that uses an <see cref="IImageGenerator"/> stays the same. Safe for concurrent use. Does not own the
/// <see cref="HttpClient"/>.
/// </summary>
[Experimental("MEAI001")]
public sealed class HttpImageGenerator : IImageGenerator
{
    // The name under which generators of the library report themselves.
    private const string ProviderName = "latent_diffusion";

    private readonly Func<HttpClient> _clients;
    private readonly LatentDiffusionClientOptions _options;
    private readonly ServerAddress _server;
    private readonly ImageGeneratorMetadata _metadata;

    /// <param name="client">
    /// Sends the requests. Its <see cref="HttpClient.BaseAddress"/> is the address of the server, for example
    /// <c>https://images.example/</c>. Its <see cref="HttpClient.Timeout"/>, 100 seconds by default, applies.
    /// </param>
    /// <param name="options">The settings; null for the defaults.</param>
    /// <exception cref="ArgumentException">
    /// The client has no base address, or one that is not HTTP, or an option has a wrong value.
    /// </exception>
    public HttpImageGenerator(HttpClient client, LatentDiffusionClientOptions? options = null)
        : this(() => client, Require(client), options ?? new LatentDiffusionClientOptions())
    {
    }

    internal HttpImageGenerator(Func<HttpClient> clients, ServerAddress server, LatentDiffusionClientOptions options)
    {
        if (options.Refusal is { } refusal) throw new ArgumentException(refusal, nameof(options));
        (_clients, _server, _options) = (clients, server, options);
        _metadata = new ImageGeneratorMetadata(ProviderName, server.Root, options.Model);
    }

    /// <summary>Generates images from text, or from text and images.</summary>
    /// <param name="request">
    /// The prompt, and original images, each a <see cref="DataContent"/> of PNG, JPEG or WebP. The server starts from one image, or reads
    /// several as references where the model does.
    /// </param>
    /// <param name="options">
    /// <para><see cref="ImageGenerationOptions.AdditionalProperties"/> are the settings of a request: <c>negative_prompt</c>, <c>seed</c>,
    /// <c>steps</c>, <c>guidance_scale</c> and the others that the server knows. A <c>mask</c> is a <see cref="DataContent"/> of the
    /// original image's size whose transparent pixels are repainted.</para>
    /// <para><see cref="ImageGenerationOptions.RawRepresentationFactory"/> may give a <see cref="JsonObject"/> with further fields of the
    /// request's body; the other options override them.</para>
    /// <para><see cref="ImageGenerationOptions.MediaType"/> is <c>image/png</c>, the default, <c>image/jpeg</c> or
    /// <c>image/webp</c>.</para>
    /// </param>
    /// <param name="cancellationToken">Ends the request; the server then cancels the job.</param>
    /// <returns>
    /// A <see cref="DataContent"/> for each image. Its additional properties are the metadata of a PNG file, and what the server says of
    /// the image: its <c>seed</c>.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// A value is out of its range, or a property or model is unknown; the message names it. Nothing was generated.
    /// </exception>
    /// <exception cref="NotSupportedException">
    /// An original image is a link, or a link or a stream is requested as the response, or the server does not support what is requested.
    /// </exception>
    /// <exception cref="ServerLimitException">The request exceeds a limit of the server, or its queue is full.</exception>
    /// <exception cref="TimeoutException">
    /// It took longer than <see cref="LatentDiffusionClientOptions.TimeLimit"/>, the client's timeout or the server's time limit.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled, here or on the server.</exception>
    /// <exception cref="HttpRequestException">
    /// The server cannot be reached, refuses the key or failed: see <see cref="HttpRequestException.StatusCode"/>.
    /// </exception>
    /// <exception cref="InvalidDataException">
    /// An original image or mask cannot be read, or the answer is not one of such a server.
    /// </exception>
    public async Task<ImageGenerationResponse> GenerateAsync(
        ImageGenerationRequest request, ImageGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        ImageCall call = ImageCall.Create(request, options, this, _options.Model);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (_options.TimeLimit is { } limit) stop.CancelAfter(limit);
        try
        {
            return await SendAsync(call, stop.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (stop.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"{_server.Root} did not answer within {_options.TimeLimit}.", e);
        }
        catch (OperationCanceledException e) when (e.InnerException is TimeoutException)
        {
            throw new TimeoutException(e.Message, e);
        }
    }

    /// <summary>Gives <see cref="ImageGeneratorMetadata"/> or this generator itself.</summary>
    /// <param name="serviceType">The requested type.</param>
    /// <param name="serviceKey">Null; services with keys do not exist here.</param>
    /// <returns>Null for other types.</returns>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(ImageGeneratorMetadata) ? _metadata
            : serviceType.IsInstanceOfType(this) ? this
            : null;
    }

    /// <summary>Does nothing: the client stays the caller's.</summary>
    public void Dispose()
    {
    }

    private async Task<ImageGenerationResponse> SendAsync(ImageCall call, CancellationToken cancellationToken)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, _server.Of(call.Path)) { Content = call.ToContent() };
        if (_options.ApiKey is { } key) message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using HttpResponseMessage response = await _clients()
            .SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode) throw await ServerFailure.ReadAsync(response, cancellationToken).ConfigureAwait(false);
        IReadOnlyList<ImagesResponse.Item> items =
            await ImagesResponse.ReadAsync(response, _options.MaximumResponseBytes, cancellationToken).ConfigureAwait(false);
        return new ImageGenerationResponse([.. items.Select(item => Content(item, call.MediaType))]);
    }

    private static ServerAddress Require(HttpClient client)
    {
        ArgumentNullException.ThrowIfNull(client);
        return client.BaseAddress is { } address
            ? new ServerAddress(address)
            : throw new ArgumentException(
                $"The client has no {nameof(HttpClient.BaseAddress)}; expected the address of a server.", nameof(client));
    }

    private static DataContent Content(ImagesResponse.Item item, string mediaType)
    {
        var properties = new AdditionalPropertiesDictionary();
        foreach ((string name, string text) in PngTexts.Read(item.Image)) properties.TryAdd(name, text);
        foreach ((string name, JsonElement value) in item.Others ?? [])
            if (value.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined)) properties[name] = value.ToString();
        return new DataContent(item.Image, mediaType) { AdditionalProperties = properties };
    }
}
