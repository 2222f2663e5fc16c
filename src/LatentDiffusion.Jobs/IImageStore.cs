namespace LatentDiffusion.Jobs;

/// <summary>
/// Keeps the files of jobs: images, previews and inputs. All servers and workers of one queue share a store. Implementations are safe for
/// concurrent use.
/// </summary>
public interface IImageStore
{
    /// <summary>
    /// Writes a file. Readers see the old file or the new one, never a part. Writing the same name again replaces the file.
    /// </summary>
    /// <param name="name">
    /// One or more parts separated by <c>/</c>, the first of which is the job's identifier. Each part has letters, digits, <c>-</c>,
    /// <c>_</c> and <c>.</c> and begins and ends with a letter or digit: see <see cref="StoredName"/>.
    /// </param>
    /// <param name="content">The bytes.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    /// <exception cref="ArgumentException"><paramref name="name"/> has another form.</exception>
    Task WriteAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellationToken = default);

    /// <summary>Opens a file for reading.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    /// <returns>The content; null if there is no such file. The caller disposes it.</returns>
    Task<Stream?> OpenReadAsync(string name, CancellationToken cancellationToken = default);

    /// <summary>
    /// Deletes the file of this name and all files whose names begin with it and <c>/</c>, for example those of a job. Does nothing if
    /// there are none.
    /// </summary>
    /// <param name="name">Identifier of a job, or the name of a file.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    /// <exception cref="ArgumentException"><paramref name="name"/> has another form than that of a file.</exception>
    Task DeleteAsync(string name, CancellationToken cancellationToken = default);

    /// <summary>
    /// Deletes the files of all jobs whose files were written before a moment. Queues call it for what killed processes left behind.
    /// </summary>
    /// <param name="moment">Jobs with a file that was written at this moment or later stay.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    Task DeleteOlderAsync(DateTimeOffset moment, CancellationToken cancellationToken = default);
}
