using Amazon.Runtime;
using Amazon.S3;
using LatentDiffusion.Jobs;
using LatentDiffusion.Jobs.S3;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Images in S3.</summary>
public static class S3ImageJobsBuilderExtensions
{
    /// <summary>
    /// Keeps images in a bucket of Amazon S3, or of a server with its API, in place of a folder. Options are validated when the host
    /// starts.
    /// </summary>
    /// <param name="builder">The builder of <c>AddLatentDiffusionJobs</c>.</param>
    /// <param name="configure">Chooses the bucket.</param>
    /// <returns>The builder.</returns>
    public static ImageJobsBuilder UseS3ImageStore(this ImageJobsBuilder builder, Action<S3ImageStoreOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        builder.Services.AddOptions<S3ImageStoreOptions>().Configure(configure).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.Replace(ServiceDescriptor.Singleton<IImageStore>(
            p => Open(p.GetRequiredService<IOptions<S3ImageStoreOptions>>().Value)));
        return builder;
    }

    private static S3ImageStore Open(S3ImageStoreOptions options)
    {
        const string Variable = "AWS_ENDPOINT_URL_S3";
        var config = new AmazonS3Config();
        if ((options.ServiceUrl?.ToString() ?? Environment.GetEnvironmentVariable(Variable)) is { Length: > 0 } address)
        {
            config.ServiceURL = address;
            // Such servers seldom have a host name for each bucket.
            config.ForcePathStyle = true;
            // Nor do all of them know the newer checksums.
            config.RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED;
            config.ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED;
            config.AuthenticationRegion = Environment.GetEnvironmentVariable("AWS_REGION") ?? "us-east-1";
        }

        return new S3ImageStore(new AmazonS3Client(config), options.Bucket, options.Prefix);
    }
}
