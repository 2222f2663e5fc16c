using System.Globalization;

namespace LatentDiffusion.Jobs.Hangfire;

/// <summary>
/// Keeps the files of jobs in the database of the queue, so that machines need nothing else in common. A file is one row: readers see the
/// old file or the new one.
/// </summary>
internal sealed class DatabaseImageStore(JobDatabase database, HangfireJobOptions options) : IImageStore
{
    public Task WriteAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default)
    {
        StoredName.Check(name);
        return RunAsync(
            $"""
            INSERT INTO {database.Images} (name, job, written, content) VALUES (@name, @job, {database.Now}, @content)
            ON CONFLICT (name) DO UPDATE SET written = excluded.written, content = excluded.content
            """,
            [("@name", name), ("@job", name.Split('/')[0]), ("@content", content.ToArray())], cancellationToken);
    }

    public async Task<Stream?> OpenReadAsync(string name, CancellationToken cancellationToken = default)
    {
        StoredName.Check(name);
        List<byte[]> rows = await database.RetryAsync(
            () => database.QueryAsync(
                $"SELECT content FROM {database.Images} WHERE name = @name", [("@name", name)], r => (byte[])r.GetValue(0),
                cancellationToken),
            options.UpdateInterval, cancellationToken).ConfigureAwait(false);
        return rows is [var content] ? new MemoryStream(content, writable: false) : null;
    }

    public Task DeleteAsync(string name, CancellationToken cancellationToken = default)
    {
        StoredName.Check(name);
        return RunAsync(
            $"DELETE FROM {database.Images} WHERE job = @job AND (name = @name OR substr(name, 1, {Length(name)}) = @folder)",
            [("@job", name.Split('/')[0]), ("@name", name), ("@folder", $"{name}/")], cancellationToken);

        static string Length(string name) => (name.Length + 1).ToString(CultureInfo.InvariantCulture);
    }

    public Task DeleteOlderAsync(DateTimeOffset moment, CancellationToken cancellationToken = default) => RunAsync(
        $"DELETE FROM {database.Images} WHERE job IN (SELECT job FROM {database.Images} GROUP BY job HAVING max(written) < @moment)",
        [("@moment", moment.ToUnixTimeMilliseconds())], cancellationToken);

    private Task<List<int>> RunAsync(
        string command, IReadOnlyList<(string Name, object Value)> parameters, CancellationToken cancellationToken) =>
        database.RetryAsync(
            () => database.QueryAsync(command, parameters, _ => 0, cancellationToken), options.UpdateInterval, cancellationToken);
}
