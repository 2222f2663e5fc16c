using Amazon.S3;
using LatentDiffusion.Jobs.S3;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Xunit;

namespace LatentDiffusion.Jobs.Tests.Store;

/// <summary>
/// Images in S3. The server is <see cref="SignedS3Server"/> or, where the variable S3_TEST_URL has an address like
/// <c>http://key:secret@127.0.0.1:4568/bucket</c>, another one.
/// </summary>
public sealed class S3ImageStoreTests : ImageStoreTests, IDisposable
{
    private static readonly string? s_other = Environment.GetEnvironmentVariable("S3_TEST_URL");

    private readonly SignedS3Server _server = new();
    private readonly S3ImageStore _store;

    public S3ImageStoreTests()
    {
        Uri address = s_other is null ? _server.Address : new Uri(s_other);
        string[] keys = address.UserInfo.Split(':');
        var config = new AmazonS3Config
        {
            ServiceURL = address.GetLeftPart(UriPartial.Authority).Replace($"{address.UserInfo}@", ""), ForcePathStyle = true,
            AuthenticationRegion = "us-east-1",
        };
        _store = new S3ImageStore(new AmazonS3Client(keys[0], keys[1], config), address.AbsolutePath.Trim('/'), $"test/{Guid.NewGuid():n}");
    }

    protected override IImageStore Store => _store;

    protected override DateTimeOffset Now => s_other is null ? _server.Now : DateTimeOffset.UtcNow;

    // S3 keeps times in seconds.
    protected override Task WaitAsync() => s_other is null ? _server.WaitAsync() : Task.Delay(1100, Deadline.Token);

    [Fact]
    public async Task A_wrong_secret_is_an_error_and_not_a_missing_file()
    {
        using var store = new S3ImageStore(
            new AmazonS3Client("key", "wrong", new AmazonS3Config
            {
                ServiceURL = _server.Address.GetLeftPart(UriPartial.Authority).Replace($"{_server.Address.UserInfo}@", ""),
                ForcePathStyle = true, AuthenticationRegion = "us-east-1", MaxErrorRetry = 0,
            }),
            "bucket");
        var refused = await Assert.ThrowsAsync<AmazonS3Exception>(() => store.OpenReadAsync("job/0.png", Deadline.Token));
        Assert.Equal("SignatureDoesNotMatch", refused.ErrorCode);
    }

    [Theory]
    [InlineData("", "", null, "Bucket")]
    [InlineData("bucket", "../other", null, "Prefix is '../other'")]
    [InlineData("bucket", "", "ftp://server", "ServiceUrl is 'ftp://server/'")]
    public void Wrong_options_are_named(string bucket, string prefix, string? url, string message)
    {
        var services = new ServiceCollection();
        services.AddLatentDiffusionJobs().UseS3ImageStore(o =>
            (o.Bucket, o.Prefix, o.ServiceUrl) = (bucket, prefix, url is null ? null : new Uri(url)));
        using ServiceProvider provider = services.BuildServiceProvider();
        Assert.Contains(message, Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<IImageStore>()).Message);
    }

    public void Dispose()
    {
        _store.Dispose();
        _server.Dispose();
    }
}
