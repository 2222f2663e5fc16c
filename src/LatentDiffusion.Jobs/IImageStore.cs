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
    /// One or more parts separated by <c>/</c>; each part has letters, digits, <c>-</c>, <c>_</c> and <c>.</c> and begins with a letter or
    /// digit.
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

    /// <summary>Deletes all files whose names begin with a job's identifier and <c>/</c>. Does nothing if there are none.</summary>
    /// <param name="job">Identifier of the job.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    Task DeleteAsync(string job, CancellationToken cancellationToken = default);
}
