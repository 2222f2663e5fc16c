using System.CommandLine;
using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>Writes the same files repeatedly, for the tests that kill a writer.</summary>
internal static class WriteCommand
{
    /// <summary>Printed when writing starts.</summary>
    public const string Ready = "writing";

    private const int Names = 3, Rows = 48;

    public static Command Command()
    {
        var what = new Argument<string>("what") { Description = "What to write." };
        var model = new Argument<string>("model") { Description = "Model folder." };
        var folder = new Argument<string>("folder") { Description = "Folder to write into." };
        var rounds = new Option<int>("--rounds") { Description = "Number of repetitions.", DefaultValueFactory = _ => int.MaxValue };
        what.AcceptOnlyFromAmong("images", "folder", "cache");
        var command = new Command("write", "Writes images, a model folder or a cache repeatedly.") { what, model, folder, rounds };
        command.Hidden = true;
        command.SetAction(parsed =>
        {
            set_num_threads(1);
            string from = parsed.GetValue(model)!, to = Directory.CreateDirectory(parsed.GetValue(folder)!).FullName;
            switch (parsed.GetValue(what))
            {
                case "images": Images(from, to, parsed.GetValue(rounds)); break;
                case "folder": Folder(from, to, parsed.GetValue(rounds)); break;
                default: Cache(from, to, parsed.GetValue(rounds)); break;
            }
        });
        return command;
    }

    private static void Images(string model, string folder, int rounds)
    {
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModelFolder(model).Build();
        var request = new GenerationRequest { Prompt = "a blue bird", Seed = 1, Steps = 1, Width = 64, Height = 64 };
        GeneratedImage image = pipeline.Generate(request).Images[0];
        Repeat(rounds, round =>
        {
            for (int i = 0; i < Names; i++) image.SavePng(Path.Combine(folder, $"{i}.png"));
        });
    }

    private static void Folder(string model, string folder, int rounds)
    {
        using ModelComponents components = DiffusersFolder.Read(model);
        Repeat(rounds, _ => DiffusersFolder.Write(components, Path.Combine(folder, "model")));
    }

    private static void Cache(string model, string folder, int rounds)
    {
        using ModelComponents components = DiffusersFolder.Read(model);
        ClipTokenizer tokenizer = components.Tokenizer!.Build();
        // Consecutive rounds have different keys, so that the cache is created every time; the last key does not depend on the count.
        Repeat(rounds, round => LatentCache.Open(
            Path.Combine(folder, "latents.safetensors"), $"{(round == rounds - 1 ? "last" : round % 2)}",
            (AutoencoderKL)components.Autoencoder, tokenizer, new Stripes(), Rows).Dispose());
    }

    private static void Repeat(int rounds, Action<int> write)
    {
        Console.WriteLine(Ready);
        for (int round = 0; round < rounds; round++) write(round);
    }

    private sealed class Stripes : ICaptionedImageSource
    {
        public long? Count => Rows;

        public CaptionedImage Read(long index) =>
            new(
                new ImageBuffer(16, 16, [.. Enumerable.Range(0, 16 * 16 * 3).Select(i => (byte)(i * (index + 3)))]), "a blue bird",
                $"stripes {index}");
    }
}
