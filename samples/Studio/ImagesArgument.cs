using LatentDiffusion.Samples;

namespace Studio;

/// <summary>What keeps images.</summary>
internal enum ImagesKind
{
    /// <summary>A folder, which all machines of a queue share.</summary>
    Folder,

    /// <summary>The database of the queue.</summary>
    Database,

    /// <summary>A bucket of S3 or a compatible server.</summary>
    S3,
}

/// <summary>Where images are kept.</summary>
/// <param name="Kind">What keeps them.</param>
/// <param name="Place">Path of the folder, or name of the bucket; empty for the database.</param>
/// <param name="Prefix">Start of the names in the bucket.</param>
internal sealed record ImagesArgument(ImagesKind Kind, string Place = "", string Prefix = "")
{
    public const string InDatabase = "database";

    private const string S3Scheme = "s3://", DefaultFolder = "images";

    /// <summary>Machines that share a database need not share a folder.</summary>
    public static ImagesArgument Default(QueueStorage storage, string data) => storage == QueueStorage.Postgres
        ? new ImagesArgument(ImagesKind.Database)
        : new ImagesArgument(ImagesKind.Folder, Path.Combine(data, DefaultFolder));

    /// <summary>What is wrong with a text; null if nothing is.</summary>
    public static string? Refusal(string text)
    {
        if (string.IsNullOrWhiteSpace(text)) return $"expected a folder, '{InDatabase}' or s3://BUCKET/PREFIX.";
        if (!text.StartsWith(S3Scheme, StringComparison.Ordinal))
        {
            return text.Contains("://", StringComparison.Ordinal)
                ? $"expected a folder, '{InDatabase}' or s3://BUCKET/PREFIX."
                : null;
        }

        return Read(text).Place.Length is >= 3 and <= 63 ? null : "expected s3://BUCKET/PREFIX with a bucket of 3 to 63 characters.";
    }

    /// <summary>Reads a text.</summary>
    public static ImagesArgument Read(string text)
    {
        if (text == InDatabase) return new ImagesArgument(ImagesKind.Database);
        if (!text.StartsWith(S3Scheme, StringComparison.Ordinal))
            return new ImagesArgument(ImagesKind.Folder, Path.GetFullPath(text));
        string[] parts = text[S3Scheme.Length..].Split('/', 2);
        return new ImagesArgument(ImagesKind.S3, parts[0], parts.Length > 1 ? parts[1].TrimEnd('/') : "");
    }

    /// <summary>Checks that images can be written, before models are loaded.</summary>
    /// <exception cref="IOException">The folder cannot be made or written.</exception>
    public void Require()
    {
        if (Kind == ImagesKind.Folder) OutputPath.RequireFolder(Place);
    }
}
