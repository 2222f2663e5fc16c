using System.Globalization;
using System.Net;
using System.Text;
using LatentDiffusion;

namespace Lab;

/// <summary>Pieces of the page.</summary>
internal static class Html
{
    /// <summary>Text with its special characters replaced.</summary>
    public static string Text(string text) => WebUtility.HtmlEncode(text);

    /// <summary>A number with four significant digits.</summary>
    public static string Number(double value) => value switch
    {
        0 => "0",
        _ when Math.Abs(value) is >= 1e-3 and < 1e5 => value.ToString("G4", CultureInfo.InvariantCulture),
        _ when double.IsFinite(value) => value.ToString("0.00e0", CultureInfo.InvariantCulture),
        _ => value > 0 ? "∞" : "–",
    };

    /// <summary>A table; the first column has names, the others numbers.</summary>
    /// <param name="columns">Headings, which may be HTML.</param>
    /// <param name="rows">Cells, which may be HTML.</param>
    public static string Table(IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        var html = new StringBuilder("<div class=\"wide\" tabindex=\"0\"><table>\n<thead><tr>");
        foreach (string column in columns) html.Append("<th scope=\"col\">").Append(column).Append("</th>");
        html.Append("</tr></thead>\n<tbody>\n");
        foreach (IReadOnlyList<string> row in rows)
        {
            html.Append("<tr><th scope=\"row\">").Append(row[0]).Append("</th>");
            foreach (string cell in row.Skip(1)) html.Append("<td>").Append(cell).Append("</td>");
            html.Append("</tr>\n");
        }

        return html.Append("</tbody></table></div>\n").ToString();
    }

    /// <summary>Images side by side, each with its own caption.</summary>
    /// <param name="report">Where the images are written.</param>
    /// <param name="name">Beginning of their file names.</param>
    /// <param name="images">Images with captions, which may be HTML.</param>
    public static string Strip(ReportFolder report, string name, IEnumerable<(ImageBuffer Image, string Caption)> images)
    {
        var html = new StringBuilder("<div class=\"strip\">\n");
        foreach ((int index, (ImageBuffer image, string caption)) in images.Index())
        {
            string path = report.Save($"{name}-{index}", image);
            html.Append(CultureInfo.InvariantCulture, $"<figure>{Image(path, image, "")}<figcaption>{caption}</figcaption></figure>\n");
        }

        return html.Append("</div>\n").ToString();
    }

    /// <summary>Images of one prompt in a row below it.</summary>
    /// <param name="report">Where the images are written.</param>
    /// <param name="name">Beginning of their file names.</param>
    /// <param name="title">The prompt.</param>
    /// <param name="images">The images.</param>
    public static string Row(ReportFolder report, string name, string title, IReadOnlyList<ImageBuffer> images)
    {
        var html = new StringBuilder();
        html.Append(CultureInfo.InvariantCulture, $"<figure class=\"row\"><figcaption>{Text(title)}</figcaption><div>");
        foreach ((int index, ImageBuffer image) in images.Index()) html.Append(Image(report.Save($"{name}-{index}", image), image, title));
        return html.Append("</div></figure>\n").ToString();
    }

    /// <summary>A plot in both colour schemes.</summary>
    /// <param name="report">Where the images are written.</param>
    /// <param name="name">Beginning of their file names.</param>
    /// <param name="title">Caption.</param>
    /// <param name="plot">The plot.</param>
    public static string Figure(ReportFolder report, string name, string title, LinePlot plot)
    {
        string light = report.Save(name, plot.Draw(dark: false)), dark = report.Save($"{name}-dark", plot.Draw(dark: true));
        return string.Create(CultureInfo.InvariantCulture, $"""
            <figure class="plot"><picture><source srcset="{dark}" media="(prefers-color-scheme: dark)">
            <img src="{light}" width="{LinePlot.Width}" height="{LinePlot.Height}" alt="{Text(title)}"></picture>
            <figcaption>{Text(title)}</figcaption></figure>

            """);
    }

    /// <summary>Plots side by side where there is room.</summary>
    public static string Plots(params IEnumerable<string> figures) => $"<div class=\"plots\">\n{string.Concat(figures)}</div>\n";

    private static string Image(string path, ImageBuffer image, string description) => string.Create(
        CultureInfo.InvariantCulture,
        $"<img src=\"{path}\" width=\"{image.Width}\" height=\"{image.Height}\" alt=\"{Text(description)}\">");
}
