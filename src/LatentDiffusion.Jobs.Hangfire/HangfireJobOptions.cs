using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Jobs.Hangfire;

/// <summary>Where a durable queue is stored, and how its workers behave. All servers and workers of a queue use equal values.</summary>
public sealed record HangfireJobOptions : IValidatableObject
{
    private const string DefaultSchema = "latent_diffusion";

    /// <summary>
    /// How long a worker may be silent before its jobs run elsewhere, 1 second to 1 hour. Default 30 seconds. Shorter times move the
    /// jobs of a killed worker sooner; longer ones tolerate longer interruptions of the network and restarts of the database.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan LeaseTime { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How often workers look for jobs and cancellations and report progress, and how often watchers look for changes, 50 milliseconds
    /// to 10 seconds. Default 250 milliseconds. At most a quarter of <see cref="LeaseTime"/>.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "00:00:10")]
    public TimeSpan UpdateInterval { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// How often a job is tried whose worker was lost or which found a worker without room (<see cref="JobErrorKind.Busy"/>), 1 to 100.
    /// Default 5. Other failures are final at once.
    /// </summary>
    [Range(1, 100)]
    public int MaximumAttempts { get; set; } = 5;

    /// <summary>How long a job waits after an attempt that found a worker without room, 0 to 1 hour. Default 5 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Whether this process runs jobs of its models. Default true. False for a process that only adds and watches jobs; a process without
    /// pipelines does not run any.
    /// </summary>
    public bool RunsJobs { get; set; } = true;

    internal string? SqlitePath { get; private set; }

    internal string? ConnectionString { get; private set; }

    internal string Schema { get; private set; } = DefaultSchema;

    /// <summary>
    /// Stores jobs in an SQLite file, for one process or several of one machine. Hangfire's tables are in a second file next to it, with
    /// <c>.hangfire</c> after its name.
    /// </summary>
    /// <param name="path">Path of the file, on a local disk. It and its folder are created if they are missing.</param>
    public HangfireJobOptions UseSqlite(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        (SqlitePath, ConnectionString) = (path, null);
        return this;
    }

    /// <summary>Stores jobs in PostgreSQL 12 or later, for any number of machines.</summary>
    /// <param name="connectionString">A connection string of Npgsql. The user may create the schema, or owns it.</param>
    /// <param name="schema">
    /// Schema of the tables: lower-case letters, digits and underscores, beginning with a letter, at most 40 characters. Default
    /// <c>latent_diffusion</c>. Queues with different schemas are independent.
    /// </param>
    /// <exception cref="ArgumentException"><paramref name="schema"/> has another form.</exception>
    public HangfireJobOptions UsePostgreSql(string connectionString, string schema = DefaultSchema)
    {
        ArgumentException.ThrowIfNullOrEmpty(connectionString);
        ArgumentNullException.ThrowIfNull(schema);
        bool isName = schema.Length is > 0 and <= 40 && char.IsAsciiLetterLower(schema[0])
            && schema.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_');
        if (!isName)
        {
            throw new ArgumentException(
                $"Schema is '{MessageText.Truncate(schema, 100)}'; expected at most 40 lower-case letters, digits and underscores, "
                + "beginning with a letter.",
                nameof(schema));
        }

        (SqlitePath, ConnectionString, Schema) = (null, connectionString, schema);
        return this;
    }

    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext)
    {
        if (SqlitePath is null && ConnectionString is null)
            yield return new ValidationResult($"No database is chosen; call {nameof(UseSqlite)} or {nameof(UsePostgreSql)}.");
        if (UpdateInterval > LeaseTime / 4)
        {
            yield return new ValidationResult(
                $"{nameof(UpdateInterval)} is {UpdateInterval}; expected at most a quarter of {nameof(LeaseTime)}, {LeaseTime / 4}.",
                [nameof(UpdateInterval)]);
        }
    }
}
