using System.Globalization;
using System.Text;

namespace Lab;

/// <summary>The page around the sections.</summary>
internal static class ReportPage
{
    private const string Style = "page.css";

    public static string Write(IReadOnlyList<Section> sections, LabSettings settings, TimeSpan elapsed)
    {
        var html = new StringBuilder();
        html.Append(CultureInfo.InvariantCulture, $"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>Latent diffusion, the experiment</title>
            <style>
            {ReadStyle()}
            </style>
            </head>
            <body>
            <main>
            <h1>Latent diffusion, the experiment</h1>
            <p>An autoencoder maps images to latents. A U-Net that knows the time and attends to a text denoises them. This report shows
            each part of that process with figures of one run: {elapsed.TotalMinutes:F1} minutes on {settings.Threads} threads,
            seed {settings.Seed}. Timesteps count from 0, as in the code.</p>
            <nav><ol>

            """);
        foreach (Section section in sections)
            html.Append(CultureInfo.InvariantCulture, $"<li><a href=\"#{section.Id}\">{Html.Text(section.Title)}</a></li>\n");
        html.Append("</ol></nav>\n");
        foreach ((int index, Section section) in sections.Index())
        {
            html.Append(
                CultureInfo.InvariantCulture,
                $"<section id=\"{section.Id}\">\n<h2>{index + 1}. {Html.Text(section.Title)}</h2>\n{section.Html}</section>\n");
        }

        return html.Append("</main>\n</body>\n</html>\n").ToString();
    }

    private static string ReadStyle()
    {
        using Stream stream = typeof(ReportPage).Assembly.GetManifestResourceStream(Style)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().TrimEnd();
    }
}
