using LatentDiffusion.Metadata;

namespace Studio;

/// <summary>Where jobs wait.</summary>
internal enum QueueStorage
{
    /// <summary>In a database file of this machine.</summary>
    Sqlite,

    /// <summary>In a database that any number of machines share.</summary>
    Postgres,

    /// <summary>In this process, which forgets them when it ends.</summary>
    Memory,
}

/// <summary>What the command line asks for.</summary>
internal sealed record StudioSettings
{
    /// <summary>Addresses to listen at.</summary>
    public required IReadOnlyList<string> Urls { get; init; }

    /// <summary>Folder of the database and the images.</summary>
    public required string Data { get; init; }

    /// <summary>The models, the default one first.</summary>
    public required IReadOnlyList<ModelArgument> Models { get; init; }

    public required QueueStorage Storage { get; init; }

    /// <summary>Connection string of PostgreSQL; null for the others.</summary>
    public string? Connection { get; init; }

    /// <summary>Whether this process only generates, without HTTP.</summary>
    public bool IsWorker { get; init; }

    /// <summary>Where images are kept.</summary>
    public required ImagesArgument Images { get; init; }

    /// <summary>The API keys; none lets everyone in.</summary>
    public required IReadOnlyList<KeyArgument> Keys { get; init; }

    /// <summary>Names of the keys that open the dashboard.</summary>
    public required IReadOnlyList<string> Administrators { get; init; }

    public MetadataFormat Metadata { get; init; }

    /// <summary>Models and storage in a few words.</summary>
    public string Summary =>
        $"model {string.Join(", ", Models.Select(m => m.Name))}; jobs in "
        + (Storage == QueueStorage.Memory ? "memory" : Storage == QueueStorage.Postgres ? "PostgreSQL" : Data);

    /// <summary>Whether everyone may use a server without keys that other machines reach.</summary>
    public bool AllowAnonymous { get; init; }
}
