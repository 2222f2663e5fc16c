namespace LatentDiffusion.Tests.Documentation;

/// <summary>
/// What the pages name, in small: model folders and files, adapters, images and data sets. A snippet's folder has each of them under the
/// path in the snippet's text. To add one, add its name to the table of its kind.
/// </summary>
public sealed class StandIns : IDisposable
{
    private static readonly Dictionary<string, Action<StandIn>>[] s_tables =
        [StandInModels.Table, StandInFiles.Table, StandInAdapters.Table, StandInAutoencoders.Table, StandInImages.Table];

    private readonly TemporaryFolder _made = new();

    public StandIns() => Directory.CreateDirectory(_made["shared"]);

    public void Dispose() => _made.Dispose();

    /// <summary>Writes what a snippet names.</summary>
    /// <param name="texts">The texts of the snippet.</param>
    /// <param name="folder">The folder that it runs in.</param>
    /// <param name="hub">Folder of the cache of published models.</param>
    internal void Write(IReadOnlyList<string> texts, string folder, string hub)
    {
        foreach (string text in texts.Where(text => !Path.IsPathRooted(text)))
        {
            if (StandInHub.TryWrite(text, hub, texts, _made["shared"]) || Find(StandIn.NameOf(text)) is not { } write) continue;
            string path = Path.Combine(folder, text);
            if (Path.Exists(path)) continue;
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            write(new StandIn(path, texts, _made["shared"]));
        }
    }

    private static Action<StandIn>? Find(string name) =>
        s_tables.Select(table => table.GetValueOrDefault(name)).FirstOrDefault(write => write is not null);
}
