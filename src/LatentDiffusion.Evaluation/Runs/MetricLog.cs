using System.Text.Json;

namespace LatentDiffusion.Evaluation;

/// <summary>
/// The metrics of a run as JSON Lines: each object has its stage, its step, and values by name. Values that are not finite are
/// null.
/// </summary>
internal sealed class MetricLog : IDisposable
{
    private const string Stage = "stage", Step = "step";

    private readonly string _path;
    private FileStream _stream;

    public MetricLog(string path)
    {
        _path = path;
        CutPartialLine(path);
        _stream = OpenForAppend(path);
    }

    /// <summary>Appends a line in a single write, so that a killed process leaves all of it or nothing.</summary>
    public void Append(string stage, long step, ReadOnlySpan<(string Name, double Value)> values)
    {
        using var line = new MemoryStream();
        using (var json = new Utf8JsonWriter(line))
        {
            json.WriteStartObject();
            json.WriteString(Stage, stage);
            json.WriteNumber(Step, step);
            foreach ((string name, double value) in values)
            {
                if (name is Stage or Step or null or "") throw new ArgumentException($"'{name}' cannot name a metric.", nameof(values));
                if (double.IsFinite(value)) json.WriteNumber(name, value);
                else json.WriteNull(name);
            }

            json.WriteEndObject();
        }

        line.WriteByte((byte)'\n');
        _stream.Write(line.GetBuffer().AsSpan(0, (int)line.Length));
    }

    /// <summary>Drops a stage's records beyond a step, atomically.</summary>
    public void Truncate(string stage, long step)
    {
        if (!Read(_path).Any(l => l.Stage == stage && l.Step > step)) return;
        string[] kept = [.. Read(_path).Where(l => l.Stage != stage || l.Step <= step).Select(l => l.Text)];
        _stream.Dispose();
        try
        {
            AtomicFile.Write(_path, string.Concat(kept.Select(line => line + "\n")));
        }
        finally
        {
            _stream = OpenForAppend(_path);
        }
    }

    /// <summary>The values of one metric, in the order in which they were recorded.</summary>
    public List<MetricPoint> Values(string stage, string name) => Values(_path, stage, name);

    /// <summary>The values of one metric in a file, which another process may be writing.</summary>
    public static List<MetricPoint> Values(string path, string stage, string name)
    {
        var points = new List<MetricPoint>();
        foreach (Line line in Read(path).Where(l => l.Stage == stage))
        {
            using JsonDocument json = JsonDocument.Parse(line.Text);
            if (json.RootElement.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number)
                points.Add(new MetricPoint(line.Step, value.GetDouble()));
        }

        return points;
    }

    public void Dispose() => _stream.Dispose();

    private static IEnumerable<Line> Read(string path)
    {
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        for (int number = 1; reader.ReadLine() is { } text; number++) yield return Parse(path, text, number);
    }

    private static Line Parse(string path, string text, int number)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(text);
            return new Line(text, json.RootElement.GetProperty(Stage).GetString()!, json.RootElement.GetProperty(Step).GetInt64());
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException(
                $"Line {number} of '{path}' is not a metric, an object with '{Stage}' and '{Step}': "
                + $"{MessageText.Truncate(e.Message, 300)}",
                e);
        }
    }

    // Left by a process killed while writing. Checkpoints are not newer, so a resumed run writes the line again.
    private static void CutPartialLine(string path)
    {
        using var stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite);
        long whole = stream.Length;
        for (; whole > 0; whole--)
        {
            stream.Position = whole - 1;
            if (stream.ReadByte() == '\n') break;
        }

        if (whole < stream.Length) stream.SetLength(whole);
    }

    private static FileStream OpenForAppend(string path) => new(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);

    private readonly record struct Line(string Text, string Stage, long Step);
}
