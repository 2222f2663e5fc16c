using System.CommandLine;
using System.Diagnostics;
using System.Globalization;

namespace LatentDiffusion.Benchmarks;

/// <summary>Processor time of decoding image files, and of resizing them to a shorter side of 512 pixels.</summary>
internal static class ImageReadingBenchmark
{
    private const int ShorterSide = 512;

    private static readonly TimeSpan s_each = TimeSpan.FromSeconds(2);

    public static Command Command()
    {
        var files = new Argument<FileInfo[]>("files") { Description = "PNG, JPEG or WebP files.", Arity = ArgumentArity.OneOrMore };
        const string Description =
            "Processor time of decoding and resizing images: the least of as many repetitions as fit into two seconds.";
        var command = new Command("images", Description) { files };
        command.SetAction(parsed =>
        {
            foreach (FileInfo file in parsed.GetValue(files)!) Console.Out.WriteLine(Measure(file));
        });
        return command;
    }

    private static string Measure(FileInfo file)
    {
        byte[] bytes = File.ReadAllBytes(file.FullName);
        var codec = new SkiaImageCodec();
        double decoding = double.PositiveInfinity, all = double.PositiveInfinity;
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < s_each;)
        {
            TimeSpan start = Environment.CpuUsage.TotalTime;
            ImageBuffer image = codec.Decode(bytes);
            TimeSpan decoded = Environment.CpuUsage.TotalTime;
            double scale = (double)ShorterSide / Math.Min(image.Width, image.Height);
            image.Resize((int)Math.Round(image.Width * scale), (int)Math.Round(image.Height * scale));
            TimeSpan resized = Environment.CpuUsage.TotalTime;
            decoding = Math.Min(decoding, (decoded - start).TotalMilliseconds);
            all = Math.Min(all, (resized - start).TotalMilliseconds);
        }

        return string.Create(CultureInfo.InvariantCulture, $"{file.Name}: decoding {decoding:0.0} ms, decoding and resizing {all:0.0} ms");
    }
}
