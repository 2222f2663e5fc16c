using System.Globalization;

namespace LatentDiffusion.Evaluation;

/// <summary>The run's metrics and images for TensorBoard: one event file, tags <c>stage/name</c>.</summary>
internal sealed class EventLog : IDisposable
{
    private const string Prefix = "events.out.tfevents.";

    private readonly TimeProvider _time;
    private readonly string _path;
    private FileStream _stream;

    public EventLog(string folder, TimeProvider time)
    {
        _time = time;
        string? existing = Directory.GetFiles(folder, $"{Prefix}*")
            .Where(f => !f.EndsWith(".tmp", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .LastOrDefault();
        _path = existing ?? Path.Combine(folder, Prefix + time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
        if (existing is not null) CutPartialRecord(existing);
        _stream = OpenForAppend(_path);
        if (_stream.Length == 0) Append(EventMessage.First(Now));
    }

    public void Scalars(string stage, long step, ReadOnlySpan<(string Name, double Value)> values)
    {
        var tagged = new List<(string, double)>();
        foreach ((string name, double value) in values)
            if (double.IsFinite(value)) tagged.Add(($"{stage}/{name}", value));
        if (tagged.Count > 0) Append(EventMessage.Scalars(Now, step, tagged));
    }

    public void Image(string stage, long step, string name, ImageBuffer image, byte[] png) =>
        Append(EventMessage.Image(Now, step, $"{stage}/{name}", image.Width, image.Height, png));

    /// <summary>Drops a stage's records beyond a step, atomically.</summary>
    public void Truncate(string stage, long step)
    {
        if (RecordFile.Read(_path).All(record => Keeps(record.Data))) return;
        _stream.Dispose();
        try
        {
            AtomicFile.Write(_path, target =>
            {
                foreach ((byte[] frame, ReadOnlyMemory<byte> data) in RecordFile.Read(_path))
                    if (Keeps(data)) target.Write(frame);
            });
        }
        finally
        {
            _stream = OpenForAppend(_path);
        }

        bool Keeps(ReadOnlyMemory<byte> data)
        {
            (long at, List<string> tags) = Read(data);
            return at <= step || !tags.Any(tag => tag.StartsWith($"{stage}/", StringComparison.Ordinal));
        }
    }

    public void Dispose() => _stream.Dispose();

    private (long Step, List<string> Tags) Read(ReadOnlyMemory<byte> data)
    {
        try
        {
            return EventMessage.Read(data);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException(
                $"'{_path}' has a record with a valid checksum that is not an event. Remove the file to record without it: {e.Message}", e);
        }
    }

    private double Now => (_time.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds;

    private void Append(byte[] message) => _stream.Write(RecordFile.Frame(message));

    private static void CutPartialRecord(string path)
    {
        long whole = RecordFile.Read(path).Sum(record => (long)record.Frame.Length);
        using var stream = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
        if (whole < stream.Length) stream.SetLength(whole);
    }

    private static FileStream OpenForAppend(string path) => new(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
}
