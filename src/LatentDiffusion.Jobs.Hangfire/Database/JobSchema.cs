namespace LatentDiffusion.Jobs.Hangfire;

/// <summary>The tables, in the SQL that both databases read.</summary>
internal static class JobSchema
{
    /// <summary>Commands that create missing tables and indexes.</summary>
    /// <param name="prefix">Start of the names of tables, for example a schema and a dot.</param>
    /// <param name="sequence">Type of a column that numbers the rows.</param>
    /// <param name="bytes">Type of a column of bytes.</param>
    public static string Create(string prefix, string sequence, string bytes) => $"""
        CREATE TABLE IF NOT EXISTS {prefix}image_job (
            sequence {sequence},
            id text NOT NULL UNIQUE,
            model text NOT NULL,
            caller text NOT NULL,
            priority integer NOT NULL,
            state integer NOT NULL,
            created bigint NOT NULL,
            due bigint NOT NULL,
            started bigint,
            ended bigint,
            turn bigint,
            attempts integer NOT NULL,
            worker text,
            lease bigint,
            stopping integer NOT NULL,
            completed_steps integer NOT NULL,
            total_steps integer NOT NULL,
            preview text,
            images text,
            error text,
            document {bytes}
        );
        CREATE INDEX IF NOT EXISTS image_job_state ON {prefix}image_job (state, priority, sequence);
        CREATE INDEX IF NOT EXISTS image_job_caller ON {prefix}image_job (caller, priority, turn);
        CREATE INDEX IF NOT EXISTS image_job_turn ON {prefix}image_job (turn);
        CREATE INDEX IF NOT EXISTS image_job_ended ON {prefix}image_job (ended, sequence);
        CREATE INDEX IF NOT EXISTS image_job_caller_ended ON {prefix}image_job (caller, ended, sequence);
        CREATE TABLE IF NOT EXISTS {prefix}image_worker (
            id text PRIMARY KEY,
            models text NOT NULL,
            started bigint NOT NULL,
            lease bigint NOT NULL
        );
        CREATE TABLE IF NOT EXISTS {prefix}image_file (
            name text PRIMARY KEY,
            job text NOT NULL,
            written bigint NOT NULL,
            content {bytes} NOT NULL
        );
        CREATE INDEX IF NOT EXISTS image_file_job ON {prefix}image_file (job, written);
        """;
}
