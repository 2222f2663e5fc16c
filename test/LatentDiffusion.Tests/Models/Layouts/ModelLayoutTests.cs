using Xunit;

namespace LatentDiffusion.Tests.Models;

/// <summary>A model draws the same image from every layout in which it is published.</summary>
public sealed class ModelLayoutTests(LayoutFiles files) : IClassFixture<LayoutFiles>
{
    private static readonly string[] s_layouts = ["file", "split", "split-folder", "gguf", "gguf-folder"];

    public static TheoryData<string> Models => [.. PublishedModel.Names];

    public static TheoryData<string, string> Layouts
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (string model in PublishedModel.Names)
                foreach (string layout in s_layouts) data.Add(model, layout);
            return data;
        }
    }

    [Theory, MemberData(nameof(Models))]
    public void A_folder_draws_from_a_prompt(string model)
    {
        byte[] image = files.ImageOf(model);
        Assert.Equal(32 * 32 * 3, image.Length);
        Assert.True(image.Distinct().Count() > 32);
        Assert.NotEqual(image, LayoutFiles.Draw(files.Builder(model, "folder"), "a star"));
    }

    [Theory, MemberData(nameof(Layouts))]
    public void Every_layout_draws_the_image_of_the_folder(string model, string layout) =>
        Assert.Equal(files.ImageOf(model), LayoutFiles.Draw(files.Builder(model, layout)));
}
