using System.Text;
using LatentDiffusion;
using LatentDiffusion.Samples;

namespace Lab;

/// <summary>
/// The folder of the report. Everything is written into a folder next to it, which takes its name at the end: a stopped experiment
/// leaves an earlier report as it was.
/// </summary>
internal sealed class ReportFolder : IDisposable
{
    public const string Page = "report.html";

    private const string Images = "images", Model = "model", Training = "training";

    private static readonly string[] s_entries = [Page, Images, Model, Training];

    private readonly string _target, _folder;
    private readonly List<Section> _sections = [];

    private ReportFolder(string target)
    {
        _target = target;
        _folder = $"{target}.{Path.GetRandomFileName()}.tmp";
        Directory.CreateDirectory(Path.Combine(_folder, Images));
        // Files that only the experiment needs are elsewhere, so that none remains in the report.
        Work = Directory.CreateDirectory(Path.Combine(_folder, "work")).FullName;
    }

    /// <summary>Folder for files that are not part of the report.</summary>
    public string Work { get; }

    /// <summary>Folder for the trained model.</summary>
    public string ModelFolder => Path.Combine(_folder, Model);

    /// <summary>Folder for the metrics of the training.</summary>
    public string TrainingFolder => Path.Combine(_folder, Training);

    /// <exception cref="IOException">The folder cannot be written, or has other files.</exception>
    public static ReportFolder Begin(string target)
    {
        target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(target));
        OutputPath.RequireFolder(target);
        if (Directory.Exists(target))
        {
            string[] names = [.. Directory.EnumerateFileSystemEntries(target).Select(e => Path.GetFileName(e))];
            if (names.Length > 0 && (!names.Contains(Page) || names.Except(s_entries).Any()))
            {
                throw new IOException(
                    $"'{target}' has files of other programs; expected a new or empty folder, or that of an earlier report.");
            }
        }

        return new ReportFolder(target);
    }

    /// <summary>Adds a section at the end.</summary>
    public void Add(Section section) => _sections.Add(section);

    /// <summary>Writes an image.</summary>
    /// <returns>Its path in the report.</returns>
    public string Save(string name, ImageBuffer image) => Save(name, new SkiaImageCodec().EncodePng(image));

    /// <summary>Writes a PNG file.</summary>
    /// <returns>Its path in the report.</returns>
    public string Save(string name, byte[] png)
    {
        string path = $"{Images}/{name}.png";
        File.WriteAllBytes(Path.Combine(_folder, path), png);
        return path;
    }

    /// <summary>Writes the page and moves the folder to its place.</summary>
    /// <returns>Path of the page.</returns>
    public string Publish(LabSettings settings, TimeSpan elapsed)
    {
        File.WriteAllText(Path.Combine(_folder, Page), ReportPage.Write(_sections, settings, elapsed), new UTF8Encoding(false));
        Directory.Delete(Work, recursive: true);
        string? earlier = null;
        if (Directory.Exists(_target)) Directory.Move(_target, earlier = $"{_target}.{Path.GetRandomFileName()}.old");
        Directory.Move(_folder, _target);
        if (earlier is not null) Directory.Delete(earlier, recursive: true);
        return Path.Combine(_target, Page);
    }

    /// <summary>Removes an unfinished report.</summary>
    public void Dispose()
    {
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
    }
}
