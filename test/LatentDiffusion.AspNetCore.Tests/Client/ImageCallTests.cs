#pragma warning disable MEAI001 // IImageGenerator is experimental.
using System.Net;
using System.Text.Json.Nodes;
using LatentDiffusion.Client;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests.Client;

/// <summary>What the client sends.</summary>
public sealed class ImageCallTests
{
    private static readonly DataContent s_image = new(new byte[] { 1, 2, 3 }, "image/png");

    private readonly RecordedServer _server = new(HttpStatusCode.OK, RecordedServer.OneImage);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Options_become_fields()
    {
        var options = new ImageGenerationOptions
        {
            Count = 2, ImageSize = new(64, 128), MediaType = "image/jpeg", ModelId = "drawings",
            AdditionalProperties = new() { ["seed"] = ulong.MaxValue, ["guidance_scale"] = 1.5, ["negative_prompt"] = "a \"cat\"" },
        };
        ImageGenerationResponse response = await GenerateAsync(new ImageGenerationRequest("a bird"), options);
        Assert.Equal("http://server/v1/images/generations", _server.Address!.AbsoluteUri);
        JsonObject expected = new()
        {
            ["prompt"] = "a bird", ["model"] = "drawings", ["n"] = 2, ["size"] = "64x128", ["response_format"] = "b64_json",
            ["output_format"] = "jpeg", ["seed"] = ulong.MaxValue, ["guidance_scale"] = 1.5, ["negative_prompt"] = "a \"cat\"",
        };
        Assert.True(JsonNode.DeepEquals(expected, JsonNode.Parse(_server.Body)), _server.Body);
        DataContent image = Assert.IsType<DataContent>(Assert.Single(response.Contents));
        Assert.Equal([1, 2, 3], image.Data.ToArray());
        Assert.Equal("image/jpeg", image.MediaType);
        Assert.Equal("7", image.AdditionalProperties!["seed"]);
    }

    [Fact]
    public async Task Images_and_masks_become_files_of_a_form()
    {
        var options = new ImageGenerationOptions { AdditionalProperties = new() { ["mask"] = s_image, ["strength"] = 0.5 } };
        await GenerateAsync(new ImageGenerationRequest("a bird", [s_image]), options);
        Assert.Equal("http://server/v1/images/edits", _server.Address!.AbsoluteUri);
        foreach (string part in (string[])["name=\"image\"; filename", "name=\"mask\"; filename", "name=\"strength\"\r\n\r\n0.5\r\n"])
            Assert.Contains(part, _server.Body, StringComparison.Ordinal);
        await GenerateAsync(new ImageGenerationRequest("a bird", [s_image, s_image]), null);
        Assert.Equal(3, _server.Body.Split("name=\"image[]\"; filename").Length);
    }

    [Fact]
    public async Task Null_leaves_a_field_out_of_a_form()
    {
        var options = new ImageGenerationOptions { AdditionalProperties = new() { ["seed"] = null, ["steps"] = 4 } };
        await GenerateAsync(new ImageGenerationRequest("a bird", [s_image]), options);
        Assert.DoesNotContain("seed", _server.Body, StringComparison.Ordinal);
        Assert.Contains("name=\"steps\"\r\n\r\n4\r\n", _server.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Further_fields_are_overridden_by_options()
    {
        var options = new ImageGenerationOptions
        {
            Count = 2, RawRepresentationFactory = _ => new JsonObject { ["user"] = "me", ["n"] = 5 },
        };
        await GenerateAsync(new ImageGenerationRequest("a bird"), options);
        JsonNode body = JsonNode.Parse(_server.Body)!;
        Assert.Equal(("me", 2), ((string)body["user"]!, (int)body["n"]!));
    }

    [Theory]
    [InlineData("http://server", "http://server/v1/images/generations")]
    [InlineData("http://server/v1", "http://server/v1/images/generations")]
    [InlineData("http://server/v1/", "http://server/v1/images/generations")]
    [InlineData("https://server/images", "https://server/images/v1/images/generations")]
    public async Task Addresses_are_accepted_with_and_without_version(string address, string expected)
    {
        using HttpClient client = _server.ToClient(address);
        await new HttpImageGenerator(client).GenerateImagesAsync("a bird", null, Cancellation);
        Assert.Equal(expected, _server.Address!.AbsoluteUri);
    }

    [Fact]
    public async Task Impossible_requests_are_refused_before_they_are_sent()
    {
        var request = new ImageGenerationRequest("a bird");
        await Assert.ThrowsAsync<NotSupportedException>(() => GenerateAsync(request, new() { StreamingCount = 1 }));
        await Assert.ThrowsAsync<NotSupportedException>(() => GenerateAsync(request, new() { MediaType = "image/tiff" }));
        await Assert.ThrowsAsync<NotSupportedException>(
            () => GenerateAsync(request, new() { ResponseFormat = ImageGenerationResponseFormat.Hosted }));
        await Assert.ThrowsAsync<NotSupportedException>(
            () => GenerateAsync(new ImageGenerationRequest("a bird", [new UriContent("http://elsewhere/a.png", "image/png")]), null));
        await Assert.ThrowsAsync<ArgumentException>(() => GenerateAsync(new ImageGenerationRequest(), null));
        await Assert.ThrowsAsync<ArgumentException>(
            () => GenerateAsync(request, new() { AdditionalProperties = new() { ["mask"] = s_image } }));
        await Assert.ThrowsAsync<ArgumentException>(() => GenerateAsync(request, new() { RawRepresentationFactory = _ => "a text" }));
        Assert.Null(_server.Address);
    }

    [Fact]
    public async Task Registered_clients_send_key_and_model()
    {
        var services = new ServiceCollection();
        services.AddLatentDiffusionClient(new Uri("http://first/"), o => (o.ApiKey, o.Model) = ("secret", "drawings"))
            .ConfigurePrimaryHttpMessageHandler(() => _server);
        services.AddLatentDiffusionClient("second", new Uri("http://second/")).ConfigurePrimaryHttpMessageHandler(() => _server);
        await using ServiceProvider provider = services.BuildServiceProvider();
        await provider.GetRequiredService<IImageGenerator>().GenerateImagesAsync("a bird", null, Cancellation);
        Assert.Equal(("first", "Bearer secret", "drawings"), (_server.Address!.Host, _server.Authorization, Model()));
        await provider.GetRequiredKeyedService<IImageGenerator>("second").GenerateImagesAsync("a bird", null, Cancellation);
        Assert.Equal(("second", null, null), (_server.Address!.Host, _server.Authorization, Model()));
        var metadata = provider.GetRequiredService<IImageGenerator>().GetRequiredService<ImageGeneratorMetadata>();
        Assert.Equal(
            ("latent_diffusion", "http://first/", "drawings"),
            (metadata.ProviderName, $"{metadata.ProviderUri}", metadata.DefaultModelId));

        string? Model() => (string?)JsonNode.Parse(_server.Body)!["model"];
    }

    [Theory]
    [InlineData("clé", 1)]
    [InlineData("", 1)]
    [InlineData("a\nb", 1)]
    [InlineData("key", 0)]
    public void Wrong_options_are_refused_without_showing_the_key(string key, int limit)
    {
        var services = new ServiceCollection();
        services.AddLatentDiffusionClient(new Uri("http://first/"), o => (o.ApiKey, o.TimeLimit) = (key, TimeSpan.FromSeconds(limit)));
        using ServiceProvider provider = services.BuildServiceProvider();
        var thrown = Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<IImageGenerator>());
        string expected = limit == 0 ? "TimeLimit is 00:00:00;" : "ApiKey is ";
        Assert.StartsWith($"LatentDiffusion client: {expected}", thrown.Message, StringComparison.Ordinal);
        if (key.Length > 0) Assert.DoesNotContain(key, thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Wrong_addresses_are_refused()
    {
        foreach (Uri address in (Uri[])[new("images", UriKind.Relative), new("file:///images"), new("ftp://images/")])
        {
            var thrown = Assert.Throws<ArgumentException>(() => new ServiceCollection().AddLatentDiffusionClient(address));
            Assert.Contains(address.OriginalString, thrown.Message, StringComparison.Ordinal);
        }

        using var client = new HttpClient();
        Assert.Throws<ArgumentException>(() => new HttpImageGenerator(client));
    }

    private async Task<ImageGenerationResponse> GenerateAsync(ImageGenerationRequest request, ImageGenerationOptions? options)
    {
        using HttpClient client = _server.ToClient();
        return await new HttpImageGenerator(client).GenerateAsync(request, options, Cancellation);
    }
}
