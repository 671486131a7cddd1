#include "tests/support/golden_models.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <span>

#include "inference/engine.h"
#include "tests/support/expected_tensors.h"
#include "tests/support/goldens.h"

namespace apertura::test {

namespace {

namespace fs = std::filesystem;

struct Comparison {
    double largest = 0.0;
    double squares = 0.0;
    double kl = 0.0;
    std::int64_t numbers = 0;
    std::int64_t rows = 0;
    std::int64_t sameBest = 0;
};

std::vector<double> logSoftmax(std::span<const float> logits) {
    const double largest = *std::max_element(logits.begin(), logits.end());
    double sum = 0.0;
    for (const float logit : logits) {
        sum += std::exp(logit - largest);
    }
    std::vector<double> result;
    for (const float logit : logits) {
        result.push_back(logit - largest - std::log(sum));
    }
    return result;
}

void compareRow(std::span<const float> got, std::span<const float> expected,
                Comparison& comparison) {
    const auto p = logSoftmax(expected);
    const auto q = logSoftmax(got);
    double kl = 0.0;
    for (std::size_t i = 0; i < got.size(); ++i) {
        const double difference = std::abs(static_cast<double>(got[i]) - expected[i]);
        comparison.largest =
            difference <= comparison.largest ? comparison.largest : difference;  // NaN counts
        comparison.squares += difference * difference;
        kl += std::exp(p[i]) * (p[i] - q[i]);
    }
    comparison.kl = kl <= comparison.kl ? comparison.kl : kl;
    comparison.numbers += static_cast<std::int64_t>(got.size());
    comparison.rows += 1;
    comparison.sameBest +=
        std::max_element(got.begin(), got.end()) - got.begin() ==
                std::max_element(expected.begin(), expected.end()) - expected.begin()
            ? 1
            : 0;
}

class GoldenModel {
public:
    GoldenModel(const fs::path& folder, BackendChoice backend, const GoldenLimits& limits,
                Findings& findings)
        : m_limits(limits),
          m_findings(findings),
          m_expected(readExpectedTensors(folder / "expected.safetensors")) {
        auto model =
            makeLocalEngine()->load({folder, {}}, {backend, 2}, [](const PhaseEvent&) {}, {});
        if (!model) {
            findings.fail(model.error().message);
            return;
        }
        auto session = (*model)->newSession({});
        CHECK(session.ok());
        m_session = std::move(*session);
    }

    void check() {
        for (int i = 0; m_session != nullptr && m_expected.contains("ids_" + std::to_string(i));
             ++i) {
            checkLogits(std::to_string(i));
            checkGreedy(std::to_string(i));
        }
        if (m_session != nullptr && m_expected.contains("nll")) {
            checkNll();
        }
        if (m_session != nullptr) {
            report();
        }
    }

private:
    std::vector<TokenId> idsOf(const std::string& name) const {
        std::vector<TokenId> ids;
        for (const std::int64_t id : m_expected.at(name).integers) {
            ids.push_back(static_cast<TokenId>(id));
        }
        return ids;
    }

    void checkLogits(const std::string& prompt) {
        const auto ids = idsOf("ids_" + prompt);
        const auto expected = m_expected.at("logits_" + prompt).floats;
        const auto vocabulary =
            static_cast<std::size_t>(m_expected.at("logits_" + prompt).shape.at(1));
        std::vector<std::int64_t> rows(ids.size());
        for (std::size_t t = 0; t < ids.size(); ++t) {
            rows[t] = static_cast<std::int64_t>(t);
        }
        if (m_expected.contains("rows_" + prompt)) {
            rows = m_expected.at("rows_" + prompt).integers;
        }
        std::size_t next = 0;
        const auto scored = m_session->score(
            ids,
            [&](std::int64_t position, std::span<const float> logits) {
                if (next < rows.size() && rows[next] == position && logits.size() == vocabulary) {
                    compareRow(logits, std::span(expected).subspan(next * vocabulary, vocabulary),
                               m_comparison);
                    ++next;
                }
            },
            {});
        m_findings.verify(scored.ok(), "scoring prompt " + prompt);
        m_findings.equal(next, rows.size(), "rows compared of prompt " + prompt);
    }

    void checkGreedy(const std::string& prompt) {
        const auto expected = idsOf("greedy_" + prompt);
        const auto margins = m_expected.at("margin_" + prompt).floats;
        Request request;
        request.prompt = IdsPrompt{idsOf("ids_" + prompt)};
        request.sampling.temperature = 0.0;
        request.sampling.maxTokens = static_cast<std::int64_t>(expected.size());
        request.sampling.ignoreEndOfSequence = true;
        const auto generation = m_session->generate(request, [](const Event&) {}, {});
        if (!generation) {
            m_findings.fail(generation.error().message);
            return;
        }
        const auto difference = std::mismatch(expected.begin(), expected.end(),
                                              generation->ids.begin(), generation->ids.end());
        // A step whose best two logits are nearer than both may be off can go either way, and then
        // all that follows.
        if (difference.first != expected.end()) {
            const auto step = static_cast<std::size_t>(difference.first - expected.begin());
            m_findings.verify(margins[step] <= 2 * m_limits.largest,
                              "greedy id " + std::to_string(step) + " of prompt " + prompt +
                                  " differs, margin " + std::to_string(margins[step]));
        }
    }

    void checkNll() {
        const auto ids = idsOf("nll_ids");
        const auto expected = m_expected.at("nll").floats;
        double worst = 0.0;
        const auto scored = m_session->score(
            ids,
            [&](std::int64_t position, std::span<const float> logits) {
                const auto t = static_cast<std::size_t>(position);
                if (t < expected.size()) {
                    const double nll = -logSoftmax(logits)[static_cast<std::size_t>(ids[t + 1])];
                    worst = std::max(worst, std::abs(nll - expected[t]));
                }
            },
            {});
        m_findings.verify(scored.ok() && worst <= 2 * m_limits.largest,
                          "nll differs by " + std::to_string(worst));
    }

    void report() {
        const Comparison& c = m_comparison;
        const double rms =
            std::sqrt(c.squares / static_cast<double>(std::max<std::int64_t>(c.numbers, 1)));
        std::ostringstream text;
        text << "largest " << c.largest << ", rms " << rms << ", KL " << c.kl << ", top-1 "
             << c.sameBest << " of " << c.rows;
        m_findings.note(text.str());
        m_findings.verify(c.rows > 0 && c.largest <= m_limits.largest && rms <= m_limits.rms &&
                              c.kl <= m_limits.kl,
                          text.str());
    }

    GoldenLimits m_limits;
    Findings& m_findings;
    std::map<std::string, ExpectedTensor> m_expected;
    std::unique_ptr<Session> m_session;
    Comparison m_comparison;
};

}  // namespace

std::vector<Case> goldenModelCases(BackendChoice backend, const GoldenLimits& limits,
                                   const std::function<std::string()>& obstacle) {
    std::vector<Case> all;
    for (const fs::path& folder : goldenModels()) {
        all.push_back({"resultsOf " + folder.string(), [=](Findings& findings) {
                           if (const std::string reason = obstacle(); !reason.empty()) {
                               findings.skip(reason);
                               return;
                           }
                           GoldenModel(folder, backend, limits, findings).check();
                       }});
    }
    std::sort(all.begin(), all.end(), [](const Case& a, const Case& b) { return a.name < b.name; });
    if (all.empty()) {
        all.push_back({"resultsOfGoldenModels", [](Findings& findings) {
                           findings.skip(
                               "no folder with models/ and an expected.safetensors is at hand");
                       }});
    }
    return all;
}

}  // namespace apertura::test
