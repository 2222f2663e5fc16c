using System.CommandLine;

namespace LatentDiffusion.Benchmarks;

/// <summary>Draws the images of the documentation with the shipped model.</summary>
internal static class FiguresCommand
{
    public static Command Create()
    {
        var folder = new Argument<DirectoryInfo>("folder")
        {
            Description = "Folder for the images.", DefaultValueFactory = _ => new DirectoryInfo(Path.Combine("docs", "images")),
        };
        var command = new Command(
            "figures",
            "Draws the forward and the reverse process, an interpolation between two prompts, image to image and inpainting with the "
            + "shipped model, for the documentation.")
        {
            folder,
        };
        command.SetAction(async (parsed, token) =>
        {
            string path = parsed.GetValue(folder)!.FullName;
            Directory.CreateDirectory(path);
            using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseDrawingsModel().Build();
            await ProcessStrips.WriteAsync(pipeline, path, token);
            TaskStrips.Write(pipeline, path, token);
        });
        return command;
    }
}
