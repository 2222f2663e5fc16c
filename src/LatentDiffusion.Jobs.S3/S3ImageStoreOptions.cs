using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Jobs.S3;

/// <summary>
/// A bucket for images. Credentials and region come from where the AWS SDK looks for them: the variables <c>AWS_ACCESS_KEY_ID</c>,
/// <c>AWS_SECRET_ACCESS_KEY</c> and <c>AWS_REGION</c>, a profile, or the role of the machine.
/// </summary>
public sealed class S3ImageStoreOptions : IValidatableObject
{
    /// <summary>Name of the bucket, 3 to 63 characters. It must exist.</summary>
    [Required, StringLength(63, MinimumLength = 3)]
    public string Bucket { get; set; } = "";

    /// <summary>
    /// Start of the names of all files, for example <c>studio</c>: letters, digits, <c>-</c>, <c>_</c>, <c>.</c> and <c>/</c>, at most 200
    /// characters. Nothing else may be under it, because old files are deleted. Default empty, for the whole bucket.
    /// </summary>
    [StringLength(StoredName.MaximumLength)]
    public string Prefix { get; set; } = "";

    /// <summary>
    /// Address of a server with S3's API, for example <c>http://127.0.0.1:9000</c>. Null, the default, for the variable
    /// <c>AWS_ENDPOINT_URL_S3</c> or, without it, Amazon S3.
    /// </summary>
    public Uri? ServiceUrl { get; set; }

    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext)
    {
        if (Prefix.Length > 0 && !StoredName.IsValid(Prefix))
        {
            yield return new ValidationResult(
                $"{nameof(Prefix)} is '{MessageText.Truncate(Prefix, 100)}'; expected parts of letters, digits, '-', '_' and '.', "
                + "separated by '/'.",
                [nameof(Prefix)]);
        }

        if (ServiceUrl is { } url && (!url.IsAbsoluteUri || url.Scheme is not ("http" or "https")))
        {
            yield return new ValidationResult(
                $"{nameof(ServiceUrl)} is '{MessageText.Truncate(url.ToString(), 200)}'; expected http or https.", [nameof(ServiceUrl)]);
        }
    }
}
